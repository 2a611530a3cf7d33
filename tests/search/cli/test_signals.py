"""Signals as terminals, schedulers and containers send them: to the whole process group of a search."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PACKTUNE = str(Path(sys.executable).parent / "packtune")
SEARCH = ("run", "--trials", "200", "--epochs", "30", "--no-halving", "--name", "long", "--workers", "1")


def wait_for_outcomes(process, journal, timeout_s=120):
    deadline_s = time.monotonic() + timeout_s
    while not (journal.exists() and b"outcome" in journal.read_bytes()):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_signal_to_the_whole_group_ends_a_search_with_its_tables(tmp_path, number):
    process = subprocess.Popen(
        [PACKTUNE, *SEARCH], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    folder = tmp_path / "results/runs/long"
    wait_for_outcomes(process, folder / "study.journal")
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number, err.decode()
    assert "Winner: trial" in out.decode()
    assert "trials open. Continue with: " in err.decode()
    assert len((folder / "leaderboard.csv").read_text().splitlines()) > 1
