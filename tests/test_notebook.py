"""The example notebook runs from its first cell to its last."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parent.parent / "docs" / "example.ipynb"


@pytest.mark.timeout(300)
def test_the_notebook_runs_on_the_results_beside_it() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=250, resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    ).execute()
    shown = [
        output.get("data", {})
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    assert "docs/cifar10_cpu; views: sweep_trials, " in shown[0]["text/plain"]
    assert "random_labels" in shown[1]["text/html"]
    assert any("image/png" in data for data in shown)


def test_the_notebook_is_kept_without_what_it_prints() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert NOTEBOOK.stat().st_size < 200_000
