"""Searches over a network of the user's own with a real local Ray, through the console command."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

PACKTUNE = str(Path(sys.executable).parent / "packtune")
EXAMPLE = Path(__file__).with_name("example")
# A learning sampler and packs of three: what depended on workers, or on a crash, would change here.
SEARCH = (
    "--model", "net.py", "--set", "batch_size=32", "--trials", "9", "--epochs", "3", "--pack-size", "3", "--seed", "4",
    "--lookahead", "3", "--finalists", "2", "--replicates", "2",
)  # fmt: skip
WAIT_S = 600


def packtune(folder, *arguments):
    return subprocess.run([PACKTUNE, *arguments], cwd=folder, capture_output=True, text=True, timeout=WAIT_S)


def board(folder):
    return (folder / "results/runs/whole/leaderboard.csv").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Give a folder with the network, and a run of it with one worker."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    done = packtune(folder, "run", *SEARCH, "--workers", "1", "--name", "whole", "--verbose")
    assert done.returncode == 0, done.stderr
    table = (folder / "results/runs/whole/leaderboard.md").read_text()
    assert "Networks of your own were trained vectorised (torch.func calls all members at once):" in table
    return folder


def test_two_workers_a_kill_and_resume_give_the_same_leaderboard(undisturbed, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    process = subprocess.Popen(
        [PACKTUNE, "run", *SEARCH, "--workers", "2", "--name", "whole"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    journal = tmp_path / "results/runs/whole/study.journal"
    end_s = time.monotonic() + WAIT_S
    while not (journal.exists() and b"COMPLETE" in journal.read_bytes()) and process.poll() is None:
        assert time.monotonic() < end_s
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    unnamed = packtune(tmp_path, "resume", "whole")
    assert unnamed.returncode == 2
    assert "trains a network of your own, which is run only where you name it: add --model" in unnamed.stderr
    resumed = packtune(tmp_path, "resume", "whole", "--workers", "2", "--model", "net.py")
    assert resumed.returncode == 0, resumed.stderr
    assert board(tmp_path) == board(undisturbed)


def test_tables_need_no_source(undisturbed):
    shown = packtune(undisturbed, "leaderboard", "whole", "--format", "csv")
    assert shown.stdout.encode() == board(undisturbed)
    header = shown.stdout.splitlines()[0].split(",")
    assert {"width", "rate", "norm", "learning_rate", "parameters"} <= set(header)
    assert not {"hidden_units", "depth", "activation", "filters"} & set(header)
    assert packtune(undisturbed, "best", "whole").returncode == 0


def test_its_model_is_exported_and_predicts_where_the_source_is_named(undisturbed):
    refused = packtune(undisturbed, "best", "whole", "--export", "net.pt")
    assert refused.returncode == 2 and "--model" in refused.stderr
    written = packtune(undisturbed, "best", "whole", "--export", "net.pt", "--model", "net.py")
    assert written.returncode == 0, written.stderr
    make = "import numpy; numpy.savez('new.npz', images=numpy.arange(2352).reshape(3, 28, 28).astype('uint8'))"
    subprocess.run([sys.executable, "-c", make], cwd=undisturbed, check=True)
    refused = packtune(undisturbed, "predict", "net.pt", "new.npz")
    assert refused.returncode == 2 and "--model" in refused.stderr
    labelled = packtune(undisturbed, "predict", "net.pt", "new.npz", "--model", "net.py")
    assert labelled.returncode == 0, labelled.stderr
    assert len(labelled.stdout.splitlines()) == 4


def test_the_commands_that_are_printed_can_be_pasted(undisturbed, tmp_path):
    """Each names the file of the network where it builds it."""
    copied = tmp_path / "copied"
    shutil.copytree(undisturbed, copied)
    shown = packtune(copied, "best", "whole")
    assert shown.returncode == 0, shown.stderr
    (export,) = [line for line in shown.stdout.splitlines() if line.startswith("Its trained model: ")]
    facts = json.loads((copied / "results/runs/whole/report.json").read_text())
    lines = {each["purpose"]: each["line"] for each in facts["place"]["commands"]}
    pasted = [export.removeprefix("Its trained model: "), *(line for line in lines.values() if " run " not in line)]
    assert len(pasted) > 3
    make = "import numpy; numpy.savez('new.npz', images=numpy.arange(2352).reshape(3, 28, 28).astype('uint8'))"
    subprocess.run([sys.executable, "-c", make], cwd=copied, check=True)
    for line in pasted:
        _, *command = shlex.split(line.replace("NEW", "new.npz").replace("FILE", "net.pt").replace("+32", "+1"))
        done = packtune(copied, *command)
        assert done.returncode == 0, (line, done.stderr)


def test_a_changed_source_is_refused(undisturbed, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "blocks.py").open("a") as file:
        file.write("\nCHANGED = True\n")
    refused = packtune(undisturbed, "resume", "whole", "--trials", "+2", "--model", str(tmp_path / "net.py"))
    assert refused.returncode == 2
    assert "has changed since the run 'whole' began" in refused.stderr.replace("\n", " ")
    kept = undisturbed / "results/runs/whole/network"
    assert (kept / "blocks.py").read_bytes() == (EXAMPLE / "blocks.py").read_bytes()


def test_its_hyperparameters_are_tried_first_and_when_it_goes_on(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    size = ("--model", "net.py", "--trials", "2", "--epochs", "1", "--no-confirm", "--sampler", "random")
    begun = packtune(tmp_path, "run", *size, "--name", "tried", "--try", "width=16,norm=true,batch_size=64")
    assert begun.returncode == 0, begun.stderr
    resumed = packtune(tmp_path, "resume", "tried", "--model", "net.py", "--trials", "+1", "--try", "width=12")
    assert resumed.returncode == 0, resumed.stderr
    assert "never proposes it: width 12" in resumed.stderr.replace("\n", " ")
    again = packtune(tmp_path, "run", *size, "--name", "again", "--from", "tried")
    assert again.returncode == 0, again.stderr

    def trials(run):
        rows = csv.DictReader((tmp_path / f"results/runs/{run}/trials.csv").read_text().splitlines())
        return [(row["width"], row["norm"], row["batch_size"]) for row in rows]

    first, _, further = trials("tried")
    assert first == ("16", "true", "64")
    assert further[0] == "12"
    assert trials("again")[0] in trials("tried")
