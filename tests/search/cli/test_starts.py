"""Searches on machines that lack something: they work, or end at once with the reason, and leave no run behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from packtune.cli.main import limit_threads
from packtune.execution.environment import changed

PACKTUNE = str(Path(sys.executable).parent / "packtune")
SEARCH = (PACKTUNE, "run", "--trials", "2", "--epochs", "1", "--workers", "1", "--name", "one")
TIMEOUT_S = 300
# A user without an entry in the list of users, who may read all files, as a container's files are for its users.
UNKNOWN_USER = (
    *("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"),
    *("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"),
)
READ_ONLY_SHARED_MEMORY = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none /dev/shm && exec "$@"', "sh")
NO_LOOPBACK = ("unshare", "--net")
FEW_FILES = ("bash", "-c", 'ulimit -n 48 && exec "$@"', "bash")
FEW_PROCESSES = ("bash", "-c", 'ulimit -u 100 && exec "$@"', "bash")
LITTLE_ADDRESS_SPACE = ("sh", "-c", 'ulimit -v 2000000 && exec "$@"', "sh")


def needs(*command):
    """Skip a test where this user may not set its scene, such as in another container."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False, timeout=60)
    if tried.returncode != 0:
        pytest.skip(f"{' '.join(command)} is not allowed here: {tried.stderr.strip()}")


def environment(**changes):
    changed = os.environ | {name: value for name, value in changes.items() if value is not None}
    return {name: value for name, value in changed.items() if changes.get(name, "") is not None}


def search(folder, *before, **changes):
    folder.chmod(0o777)
    return subprocess.run(
        [*before, *SEARCH], cwd=folder, env=environment(**changes), capture_output=True, text=True, timeout=TIMEOUT_S,
        check=False,
    )  # fmt: skip


def assert_works(folder, done):
    assert done.returncode == 0, done.stderr
    assert len((folder / "results/runs/one/leaderboard.csv").read_text().splitlines()) == 3


def assert_refused(folder, done, *words):
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: "), done.stderr
    assert all(word in last for word in words), last
    assert not (folder / "results/runs/one").exists()


@pytest.fixture
def short_folder():
    """Give a folder whose name is short enough for sockets in it, and that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="p-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def full_folder():
    """Give a folder on a disk of its own that has no room. Its name is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="full-"))
    mount = ("mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder))
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False, timeout=60).returncode != 0:
        folder.rmdir()
        pytest.skip("no disk may be mounted here")
    with contextlib.suppress(OSError), (folder / "file").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=60)
    folder.rmdir()


@pytest.mark.slow
def test_a_temporary_folder_with_a_long_name_is_replaced_and_the_user_told(tmp_path):
    long = tmp_path / ("long" * 25)
    long.mkdir()
    done = search(tmp_path, TMPDIR=str(long), RAY_TMPDIR=None)
    assert_works(tmp_path, done)
    assert f"Ray cannot keep its files in TMPDIR = {long}" in " ".join(done.stderr.split())
    assert not (long / "ray").exists()


@pytest.mark.slow
def test_warnings_as_errors_no_home_and_a_relative_temporary_folder_do_not_matter(short_folder):
    (short_folder / "own").mkdir()
    done = search(short_folder, PYTHONWARNINGS="error", HOME="/proc/nowhere", TMPDIR="own", RAY_TMPDIR=None)
    assert_works(short_folder, done)
    assert (short_folder / "own/ray").is_dir()


@pytest.mark.long
def test_a_user_without_a_name_or_a_home_can_search(short_folder):
    needs(*UNKNOWN_USER)
    assert_works(short_folder, search(short_folder, *UNKNOWN_USER, HOME=None))


@pytest.mark.slow
def test_shared_memory_that_cannot_be_written_is_not_needed(tmp_path):
    needs(*READ_ONLY_SHARED_MEMORY)
    done = search(tmp_path, *READ_ONLY_SHARED_MEMORY)
    assert_works(tmp_path, done)
    assert "/dev/shm cannot be written" in done.stderr


def test_without_a_loopback_network_a_search_ends_at_once(tmp_path):
    needs(*NO_LOOPBACK)
    assert_refused(tmp_path, search(tmp_path, *NO_LOOPBACK), "127.0.0.1", "ip link set lo up")


def test_with_too_little_virtual_memory_a_search_ends_at_once(tmp_path):
    assert_refused(tmp_path, search(tmp_path, *LITTLE_ADDRESS_SPACE), "virtual memory", "ulimit -v unlimited")


def test_with_too_few_files_a_search_ends_at_once(tmp_path):
    assert_refused(tmp_path, search(tmp_path, *FEW_FILES), "48 files open", "ulimit -n 4096")


def test_with_too_few_processes_a_search_ends_at_once(short_folder):
    needs(*UNKNOWN_USER)
    assert_refused(short_folder, search(short_folder, *UNKNOWN_USER, *FEW_PROCESSES), "more threads", "ulimit -u 4096")


@pytest.mark.parametrize("name", ["long" * 25, "tämp"])
def test_a_folder_that_was_asked_for_and_cannot_be_used_ends_a_search_at_once(tmp_path, name):
    (tmp_path / name).mkdir()
    assert_refused(tmp_path, search(tmp_path, RAY_TMPDIR=str(tmp_path / name)), f"RAY_TMPDIR = {tmp_path / name}")


def test_a_full_disk_for_rays_files_ends_a_search_at_once(tmp_path, full_folder):
    assert_refused(tmp_path, search(tmp_path, RAY_TMPDIR=str(full_folder)), "No space left on device")


def test_a_full_disk_for_the_results_ends_a_search_at_once(full_folder):
    done = search(full_folder)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("Error: "), done.stderr
    assert not (full_folder / "results/runs/one/settings.toml").exists()


def descendants(root):
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found, todo = [], [root]
    while todo:
        found += (below := children.get(todo.pop(), []))
        todo += below
    return found


def wait_for_process(driver, program):
    """Wait until a process of Ray runs its program, and give its number."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s:
        assert driver.poll() is None, driver.stderr.read()
        for pid in descendants(driver.pid):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].endswith(program.encode()):
                    return pid
        time.sleep(0.005)
    raise TimeoutError(program)


@pytest.fixture
def driver(tmp_path):
    """Give a search whose Ray is about to start."""
    process = subprocess.Popen(SEARCH, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("program", ["/gcs_server", "/raylet"])
def test_a_process_of_ray_that_dies_as_it_starts_ends_a_search(tmp_path, driver, program):
    os.kill(wait_for_process(driver, program), signal.SIGKILL)
    _, err = driver.communicate(timeout=TIMEOUT_S)
    assert driver.returncode == 2, err
    assert "Error: cannot start Ray on this machine: its process" in err
    assert f"{program[1:]} was killed by signal 9" in err
    assert "Traceback" not in err
    assert not (tmp_path / "results/runs/one").exists()


@pytest.mark.parametrize(("program", "times"), [("/gcs_server", 2), ("/raylet", 1)])
def test_ctrl_c_ends_a_search_whose_ray_does_not_start(tmp_path, driver, program, times):
    hung = wait_for_process(driver, program)
    os.kill(hung, signal.SIGSTOP)
    while "starting Ray" not in (line := driver.stderr.readline()):
        assert line, "the search has ended"
    for _ in range(times):
        driver.send_signal(signal.SIGINT)
        time.sleep(0.2)
    _, err = driver.communicate(timeout=TIMEOUT_S)
    # A second signal may come while Python itself ends, and kills it then: shells call this 130 too.
    assert driver.returncode in (130, -signal.SIGINT), err
    assert "Traceback" not in err
    assert not (tmp_path / "results/runs/one").exists()
    assert not is_running(hung)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_quota_of_processor_time_limits_the_threads_of_the_driver():
    with changed({"OMP_NUM_THREADS": None}):
        limit_threads(usable=1, processors=64)
        assert os.environ["OMP_NUM_THREADS"] == "1"
        limit_threads(usable=2, processors=64)
        assert os.environ["OMP_NUM_THREADS"] == "1", "what is set stays"
    with changed({"OMP_NUM_THREADS": None}):
        limit_threads(usable=64, processors=64)
        assert "OMP_NUM_THREADS" not in os.environ
