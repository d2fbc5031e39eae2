"""The notebooks of the documentation run from top to bottom, and show what they promise."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def outputs(notebook: Any) -> dict[str, list[str]]:
    """Everything shown, by media type."""
    shown: dict[str, list[str]] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind, content in output.get("data", {"text/plain": output.get("text", "")}).items():
                shown.setdefault(kind, []).append("".join(content))
    return shown


def executed(path: Path) -> Any:
    notebook = nbformat.read(path, as_version=4)
    # Sockets in a private folder: a kernel on a network port would be open to every user of the machine.  The folder's
    # name is short because the length of a socket's is bounded.
    with tempfile.TemporaryDirectory(prefix="nb-") as sockets:
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{sockets}/k")
        NotebookClient(notebook, timeout=60, km=kernel, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] >= ["first-light.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_first_light() -> None:
    shown = outputs(executed(FOLDER / "first-light.ipynb"))
    latex, html, text = ("\n".join(shown[kind]) for kind in ("text/latex", "text/html", "text/plain"))
    assert r"1 + \cfrac{1}{3 + \cfrac{4}{5" in latex
    assert r"\displaystyle \frac{4}{\pi}$ = $\displaystyle 1 + \cfrac{1}{3 + " in html
    assert "1.2732395447351626861510701069801148962756771659237" in text
    assert "lhs='6/zeta(3)'" in text
    assert "job 1 searched 79,800 candidates" in text
    assert "CrossCheck(lhs_digits=100, value_digits=100)" in text
    assert [path.name for path in FOLDER.iterdir() if path.suffix != ".ipynb" and path.is_file()] == []
