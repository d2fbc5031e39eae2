"""Searchers: spaces of candidates, methods that go through them, and the runner that spreads and records the work.

The package itself can be called: ``constants_lab.search("lookup", constant="pi", ...)`` is
:func:`constants_lab.notebook.search`.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    # The import of any submodule binds the name `search` of constants_lab to this package, over a function of that name.
    # So that `lab.search(...)` means the same before and after, the package is what is called.
    def __call__(self, method: str = "lookup", /, **options: Any) -> Any:
        """Search and give back the formulas as a table; see :func:`constants_lab.notebook.search`."""
        # By name, because the notebook stands above this package: it must not be among the imports.
        return importlib.import_module("constants_lab.notebook").search(method, **options)


sys.modules[__name__].__class__ = _CallablePackage
