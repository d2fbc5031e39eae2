"""Every example in a docstring runs, module by module."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import constants_lab


def modules() -> list[str]:
    """All modules by their one name: the folders behind links are walked as parts of the package only."""
    found = [info.name for info in pkgutil.walk_packages(constants_lab.__path__, "constants_lab.")]
    return sorted([constants_lab.__name__, *(name for name in found if not name.endswith("__main__"))])


@pytest.mark.parametrize("name", modules())
def test_examples_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_the_examples_are_found() -> None:
    names = modules()
    assert len(names) == len(set(names))
    for part in ("constants_lab.pcf", "constants_lab.search.space", "constants_lab.db.store", "constants_lab.cli.main"):
        assert part in names
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = sum(len(t.examples) for name in names for t in finder.find(importlib.import_module(name)))
    assert examples > 50
