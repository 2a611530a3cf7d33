"""The benchmark for a GPU, run on a processor; what it says where there is no GPU; the committed table."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
RUN = ROOT / "tests" / "benchmarks" / "gpu" / "run.py"
# A machine with a GPU may have PyTorch and NumPy only.
BARE = """
import runpy, sys

for name in ("ray", "optuna", "pandas", "sklearn", "scipy", "tabulate", "typer", "rich"):
    sys.modules[name] = None  # as if it were not installed
sys.meta_path[:] = [finder for finder in sys.meta_path if "_EditableFinder" not in repr(finder)]  # nor packtune
sys.path.insert(0, sys.argv[1].rpartition("/")[0])
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(*arguments):
    command = [sys.executable, "-c", BARE, str(RUN), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=ROOT)


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Run the self-check: what was printed, and the rows that were written."""
    folder = tmp_path_factory.mktemp("gpu")
    done = run("--device", "cpu", "--quick", "--write", folder)
    assert done.returncode == 0, done.stderr
    with (folder / "gpu.csv").open(encoding="utf-8", newline="") as file:
        return done, (folder / "gpu.md").read_text(encoding="utf-8"), list(csv.DictReader(file))


def test_the_self_check_measures_every_row_on_a_processor(checked):
    done, markdown, rows = checked
    assert done.stdout.strip() == markdown.strip()
    assert len(rows) == 4 + 1 + 2 + 2 + 2
    for row in rows:
        assert row["held"] in ("yes", "no")
        assert row["values"]
        assert len(row["values"].split()) == int(row["n"])
        assert "a processor" in row["machine"]


def test_packed_equals_plain_in_the_self_check(checked):
    compared = [row for row in checked[2] if "relative difference" in row["what"]]
    assert len(compared) == 2
    for row in compared:
        assert row["held"] == "yes"
        # Equal to the last bit would mean that one side was compared with itself.
        assert all(0 < float(value) < 1e-3 for value in row["values"].split())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU here")
def test_without_cuda_it_says_that_it_needs_one(tmp_path):
    done = run("--data-dir", tmp_path)
    assert done.returncode == 2
    assert "needs a CUDA GPU, and PyTorch finds none here" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "--data-dir is missing"), (("--device", "cpu", "--data-dir", "."), "--device cpu is only for --quick")],
)
def test_what_cannot_be_run_is_refused(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_folder_without_mnist_is_named(tmp_path):
    done = run("--device", "cpu", "--quick", "--data-dir", tmp_path)
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


def test_the_committed_table_has_the_rows_of_the_plan_and_claims_nothing_that_was_not_run(tmp_path):
    assert run("--blank", "--write", tmp_path).returncode == 0
    planned = _rows(tmp_path / "gpu.csv")
    committed = _rows(ROOT / "results" / "gpu.csv")
    assert [row["what"] for row in committed] == [row["what"] for row in planned]
    for row in committed:
        assert "python tests/benchmarks/gpu/run.py" in row["command"]
        assert (row["held"] == "not run") == (not row["values"])
        if row["values"]:
            assert "CUDA" in row["machine"]


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
