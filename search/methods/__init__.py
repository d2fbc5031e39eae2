"""Search methods: one module each, with the names ``Spec``, ``space``, ``screen`` and ``confirm``."""
