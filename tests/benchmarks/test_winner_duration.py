"""The time of a confirmation: how two workers share packs, and that the benchmark runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "benchmarks" / "winner"
sys.path.insert(0, str(FOLDER))

from duration import Stages, span
from table import from_csv


@pytest.mark.parametrize(
    ("seconds", "taken"), [([], 0), ([3], 3), ([3, 1, 1, 1], 3), ([1, 1, 3], 4), ([2, 2, 2, 2], 4)]
)
def test_two_workers_take_packs_in_order(seconds, taken):
    assert span(seconds) == taken


def test_the_confirmation_is_compared_with_exploration():
    stages = Stages(packs=(((1, 10.0), (1, 10.0)), ((1, 1.0), (1, 1.0)), ((1, 1.0), (1, 2.0))))
    assert stages.spans_s == [10, 1, 2]
    assert stages.extra == pytest.approx(0.3)


def test_the_table_is_written(tmp_path):
    command = [sys.executable, str(FOLDER / "duration.py"), "--quick", "--write", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    rows = from_csv((tmp_path / "time.csv").read_text(encoding="utf-8"))
    assert ["no early stopping" in row.what for row in rows] == [True, False]
    assert all(row.unit == "%" and "1+1+1+1" in row.remark for row in rows)
    assert done.stdout.strip() == (tmp_path / "time.md").read_text(encoding="utf-8").strip()
