"""The house rules on imports: one direction, one name for each module, and links that lead where they should."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINKED = ("search", "db", "proofs")
HEAVY = ("sympy", "numba", "pandas", "dask", "distributed", "sqlalchemy", "matplotlib", "sklearn")


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)


def sources() -> Iterator[Path]:
    for folder in (*LINKED, "constants_lab", "tests", "scripts", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            # What a link leads to is met under its own name.
            if not any(parent.is_symlink() for parent in path.parents):
                yield path


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every absolute import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module


def test_imports_point_one_way() -> None:
    done = python("-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_broken_direction_would_be_seen(tmp_path: Path) -> None:
    """The contract is able to fail: in a copy where the mathematics imports the database it is broken."""
    for name in ("constants_lab", *LINKED):
        target = tmp_path / name
        target.mkdir()
    for folder in ("constants_lab", *LINKED):
        for path in (ROOT / folder).rglob("*.py"):
            relative = path.relative_to(ROOT)
            if relative.parts[0] == "constants_lab" and relative.parts[1] in LINKED:
                continue
            (tmp_path / relative).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / relative).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    for name in LINKED:
        (tmp_path / "constants_lab" / name).symlink_to(f"../{name}")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    module = tmp_path / "constants_lab" / "polynomials.py"
    module.write_text(module.read_text(encoding="utf-8") + "\nimport constants_lab.db.store\n", encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(cache_dir=None))"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "constants_lab.polynomials -> constants_lab.db.store" in " ".join(done.stdout.split())


def test_linked_packages_are_imported_by_their_full_name() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{line}: {module}"
        for path in sources()
        for line, module in imported(path)
        if module.split(".")[0] in LINKED
    ]
    assert not bare


def test_the_scan_sees_the_whole_tree() -> None:
    seen = {path.relative_to(ROOT).parts[0] for path in sources()}
    assert {"search", "db", "proofs", "constants_lab", "tests"} <= seen
    assert ROOT / "search" / "runner.py" in set(sources())
    assert not [path for path in sources() if path.parts[-3:-1] == ("constants_lab", "search")]


def test_the_checker_imports_the_standard_library_alone() -> None:
    for path in (ROOT / "proofs").glob("checker*.py"):
        for line, module in imported(path):
            top = module.split(".")[0]
            assert top in sys.stdlib_module_names or top == "__future__", f"{path.name}:{line}: {module}"


@pytest.mark.parametrize("name", LINKED)
def test_links_resolve_to_the_folders_at_the_top(name: str) -> None:
    link = ROOT / "constants_lab" / name
    assert link.is_symlink()
    assert not Path(os.readlink(link)).is_absolute()
    assert link.resolve() == ROOT / name
    assert (link / "__init__.py").is_file()


def test_every_module_is_loaded_once_from_another_folder(tmp_path: Path) -> None:
    code = (
        "import sys, constants_lab.search.runner, constants_lab.db.store, constants_lab.proofs; "
        f"bare = sorted(m for m in sys.modules if m.split('.')[0] in {LINKED!r}); assert not bare, bare"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "module", ["constants_lab", "constants_lab.pcf", "constants_lab.constants", "constants_lab.cli.main"]
)
def test_heavy_libraries_are_loaded_on_use(tmp_path: Path, module: str) -> None:
    code = f"import sys, {module}; print(*sorted(m for m in {HEAVY!r} if m in sys.modules))"
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
