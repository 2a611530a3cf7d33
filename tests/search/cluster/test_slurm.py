"""The SLURM script, run on this machine with small stand-ins for SLURM's commands."""

from __future__ import annotations

import contextlib
import random
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPT = Path(__file__).parents[3] / "search/execution/templates/slurm.sh"

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "getent", "awk", "od"))), reason="the system has no bash, getent, awk or od"
)


def edited(script: str, options: tuple[str, ...]) -> str:
    """Edit the script as one who uses it does."""
    script, names = re.subn(r"(?m)^name=.*$", "name=same", script)
    script, searches = re.subn(r"(?m)^search=\(.*\)$", f"search=({' '.join(options)})", script)
    assert (names, searches) == (1, 1)
    return script


def free_job() -> str:
    """Give a job's number from which the script makes a port that is free."""
    for number in random.sample(range(10_000), 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("", 20_000 + number))
            return str(number)
    raise RuntimeError("no port is free")


def test_the_script_is_bash():
    subprocess.run(["bash", "-n", SCRIPT], check=True)


@pytest.mark.slow
def test_the_script_starts_two_nodes_searches_and_leaves_nothing_running(nodes, search, leaderboard, tmp_path):
    script, log = tmp_path / "slurm.sh", tmp_path / "srun.log"
    script.write_text(edited(SCRIPT.read_text(), search))
    job = free_job()
    slurm = {
        "SLURM_JOB_ID": job,
        "SLURM_JOB_NODELIST": "node[1-2]",
        "SLURM_CPUS_PER_TASK": "1",
        "SLURM_SUBMIT_DIR": str(tmp_path),
        "SRUN_LOG": str(log),
        "PATH": f"{HERE / 'slurm'}:{nodes.environment['PATH']}",
    }
    done = subprocess.run(
        ["bash", script], cwd=tmp_path, env=nodes.environment | slurm, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [line.split() for line in log.read_text().splitlines()]
    assert [step[1:3] for step in steps] == [["ray", "start"]] * 2
    assert ["--head" in step for step in steps] == [True, False]
    assert not [step[0] for step in steps if Path(f"/proc/{step[0]}").exists()]
    assert (tmp_path / "results/runs/same/leaderboard.csv").read_bytes() == leaderboard
    shutil.rmtree(f"/tmp/ray-{job}", ignore_errors=True)
