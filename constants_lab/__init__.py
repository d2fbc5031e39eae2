r"""Discover formulas for mathematical constants, and say exactly how sure we are of each.

In a notebook or a script:

>>> import constants_lab as lab
>>> lab.PCF("2n+1", "n^2").convergent(3)
51/40
>>> lab.constant("zeta(3)").latex
'\\zeta\\left(3\\right)'
>>> lab.identify("1.27323954473516268615107010698011489627567716592365", ["pi"])[0].lhs
'4/pi'

``lab.search("lookup", constant="pi", ...)`` searches, ``lab.open("results.db").formulas(constant="pi")`` lists what a
database holds, and ``lab.constants`` is the catalogue.  Every part is loaded when it is first used, so the import itself
is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Identity": "constants_lab.expressions",
    "PCF": "constants_lab.pcf",
    "SignedCF": "constants_lab.signed",
    "constant": "constants_lab.constants",
    "identify": "constants_lab.identification",
    "open": "constants_lab.notebook",
}
"""Where each public name is defined.  Modules are named by text here, since an import statement, even one inside a
function, would make the mathematics depend on the notebook above it."""

_PACKAGES = ("constants", "search")
"""Public names that are modules: the catalogue, and the searchers, which can be called."""

# `open` is left out: `from constants_lab import *` must not hide Python's own.
__all__ = ["PCF", "Identity", "SignedCF", "__version__", "constant", "constants", "identify", "search"]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_PACKAGES})


class _Catalogue(ModuleType):
    """The module ``constants_lab.constants``, which is also the list of the named constants.

    It has a length, can be gone through and subscripted by position or name, and is a table in Jupyter.
    """

    def __iter__(self) -> Iterator[Any]:
        return iter(self.catalogue())

    def __len__(self) -> int:
        return len(self.catalogue())

    def __getitem__(self, which: Any) -> Any:
        return self.constant(which) if isinstance(which, str) else self.catalogue()[which]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><code>{escape(c.name)}</code></td><td>${escape(c.latex)}$</td>"
            f"<td style='text-align: left'>{escape(c.description)}</td><td>{escape(c.oeis or '')}</td></tr>"
            for c in self
        )
        return f"<table><tr><th>name</th><th></th><th>description</th><th>OEIS</th></tr>{rows}</table>"


class _Package(ModuleType):
    """This package.  Importing a submodule sets an attribute of its parent, which is caught here for the catalogue: the
    name ``constants`` belongs to the module and to the list of constants, so the module has to be both.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name == "constants" and type(value) is ModuleType:
            value.__class__ = _Catalogue
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
