"""`import constants_lab as lab`: light, complete, and the same before and after submodules are imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

import constants_lab as lab
from constants_lab.errors import InputError

HEAVY = ("numba", "numpy", "pandas", "sqlalchemy", "sympy", "dask", "distributed", "mpmath", "flint", "pydantic")


def in_new_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_nothing_heavy() -> None:
    program = f"import sys, constants_lab as lab; print(lab.__version__, [m for m in {HEAVY} if m in sys.modules])"
    assert in_new_process(program) == f"{lab.__version__} []"


def test_the_mathematics_loads_no_database_and_no_tables() -> None:
    program = (
        "import sys, constants_lab as lab; lab.PCF('2n+1', 'n^2').latex(); lab.constant('pi'); "
        "lab.identify('0.333333333333333333333333333333', ['pi']); len(lab.constants); "
        "print([m for m in ('numba', 'pandas', 'sqlalchemy', 'sympy', 'dask') if m in sys.modules])"
    )
    assert in_new_process(program) == "[]"


@pytest.mark.parametrize(
    "before", ["pass", "import constants_lab.search", "import constants_lab.search.methods.lookup", "lab.search"]
)
def test_search_can_be_called_whatever_was_imported_before(before: str) -> None:
    program = (
        f"import constants_lab as lab; {before}\n"
        "try: lab.search('nonsense', constant='pi', db='never.db')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "from constants_lab.search.job import method_names; print(callable(lab.search), 'lookup' in method_names())"
    )
    first, second = in_new_process(program).splitlines()
    assert first.startswith("InputError there is no search method 'nonsense'")
    assert second == "True True"


@pytest.mark.parametrize("first", ["lab.constants", "import constants_lab.expressions", "lab.identify", "lab.PCF"])
def test_the_catalogue_is_module_and_list(first: str) -> None:
    program = (
        f"import constants_lab as lab; {first}; import constants_lab.expressions\n"
        "from constants_lab import constants; from constants_lab.constants import catalogue\n"
        "print(constants is lab.constants, list(lab.constants) == list(catalogue()), len(lab.constants))"
    )
    same, equal, count = in_new_process(program).split()
    assert (same, equal) == ("True", "True")
    assert int(count) >= 60


def test_the_catalogue_by_position_and_name_and_as_a_table() -> None:
    assert lab.constants[0] == lab.constant("pi")
    assert lab.constants["G"].name == "catalan"
    table = lab.constants._repr_html_()
    assert table.count("<tr>") == len(lab.constants) + 1
    assert "$\\pi$" in table


def test_public_names() -> None:
    assert {"PCF", "Identity", "constant", "constants", "identify", "search", "open"} <= set(dir(lab))
    for name in lab.__all__:
        assert getattr(lab, name) is not None
    assert "open" not in lab.__all__
    assert lab.identify("1.2732395447351626861510701069801148962756771659237", ["pi"])[0].lhs == "4/pi"
    assert lab.Identity.parse("4/pi") == lab.Identity("pi", [[0, 4], [1, 0]])
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = lab.nonsense
    with pytest.raises(InputError, match="did you mean"):
        lab.constant("catalann")
