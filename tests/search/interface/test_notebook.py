"""A notebook that searches, executed by Jupyter's own client."""

from __future__ import annotations

import nbclient
import nbformat
import pytest

CELLS = (
    'import packtune\nresult = packtune.search("digits", trials=4, epochs=1, progress="notebook")',
    "result",
    "print(result.open_trials)",
)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Jupyter's client is not free of them
def test_a_notebook_shows_progress_and_the_leaderboard(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(
        notebook, timeout=250, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    searching, shown, printed = (cell.outputs for cell in notebook.cells)
    # The other output is tqdm's, which Optuna imports: it misses a package that draws its bars.
    (progress,) = (output for output in searching if output.output_type == "display_data")
    drawn = progress.data["text/html"]
    assert "4/4 trials" in drawn
    assert "<b>Exploration</b> <progress" in drawn
    assert "learning_rate</th>" in drawn
    assert 2 <= drawn.count("<tr>") <= 6
    assert "nan" not in shown[0].data["text/html"].lower()
    assert "&lt;NA&gt;" not in shown[0].data["text/html"]
    assert len(shown[0].data["text/plain"]) < 1000
    assert shown[0].data["text/html"].count("<tr") == 5
    assert printed[0].text == "0\n"
