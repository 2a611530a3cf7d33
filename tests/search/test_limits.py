"""What a process may use: on this machine as it is, in real control groups, and by files as Linux writes them."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys

import pytest

from packtune.limits import CONTROL_GROUPS, memory_limit, usable_cpus
from packtune.machine import describe_machine

NO_LIMIT_OF_VERSION_1 = "9223372036854771712\n"
# As Linux writes them: for a container that sees its own group only, a job of Slurm, a service of systemd ...
TREES = {
    "version 2, in a container": (
        "0::/\n",
        {"cpu.max": "200000 100000\n", "memory.max": "4294967296\n"},
        (2, 2**32),
    ),
    "version 2, no limits": ("0::/\n", {"cpu.max": "max 100000\n", "memory.max": "max\n"}, (None, None)),
    "version 2, the host's name of a group that is not to be seen": (
        "0::/../../system.slice/docker-1f2e.scope\n",
        {"cpu.max": "150000 100000\n", "memory.max": "1073741824\n"},
        (1, 2**30),
    ),
    "version 2, the group around is smaller": (
        "0::/system.slice/slurmd.service/job_7/step_0\n",
        {
            "system.slice/slurmd.service/job_7/cpu.max": "300000 100000\n",
            "system.slice/slurmd.service/job_7/memory.max": "8589934592\n",
            "system.slice/slurmd.service/job_7/step_0/cpu.max": "max 100000\n",
            "system.slice/slurmd.service/job_7/step_0/memory.max": "max\n",
        },
        (3, 2**33),
    ),
    "version 1, in a container": (
        "12:cpu,cpuacct:/docker/1f2e\n7:memory:/docker/1f2e\n1:name=systemd:/docker/1f2e\n",
        {
            "cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
            "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": "536870912\n",
        },
        (1, 2**29),
    ),
    "version 1, a group of its own": (
        "4:memory:/user/7\n3:cpuset:/\n1:cpu:/user/7\n0::/\n",
        {
            "cpu/cpu.cfs_quota_us": "-1\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "cpu/user/7/cpu.cfs_quota_us": "250000\n",
            "cpu/user/7/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": NO_LIMIT_OF_VERSION_1,
            "memory/user/7/memory.limit_in_bytes": "2147483648\n",
        },
        (2, 2**31),
    ),
    "version 1, no limits": (
        "4:memory:/\n1:cpu:/\n",
        {
            "cpu/cpu.cfs_quota_us": "-1\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": NO_LIMIT_OF_VERSION_1,
        },
        (None, None),
    ),
    "no control groups": ("", {}, (None, None)),
}


@pytest.fixture
def no_ulimit():
    """Lift `ulimit -v` for this test, where that is allowed."""
    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        pytest.skip("this process has a limit of virtual memory")


@pytest.mark.usefixtures("no_ulimit")
@pytest.mark.parametrize("kind", TREES)
def test_the_least_of_all_limits_counts(tmp_path, kind):
    membership, files, (cpus, memory) = TREES[kind]
    (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text)
    where = {"control_groups": tmp_path / "groups", "membership": tmp_path / "membership"}
    may_run_on = len(os.sched_getaffinity(0))
    assert usable_cpus(**where) == (may_run_on if cpus is None else min(cpus, may_run_on))
    assert memory_limit(**where) == memory


def counted(*before, code="from packtune.limits import *; print(usable_cpus(), memory_limit())"):
    command = [*before, sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=200).stdout.split()


def test_processors_that_a_process_may_not_run_on_do_not_count():
    allowed = sorted(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{allowed[0]}}}); from packtune.limits import *; print(usable_cpus())"
    assert counted(code=code) == ["1"]
    if len(allowed) > 1:
        described = "from packtune.machine import *; print(describe_machine(['numpy']))"
        text = counted(code=f"import os; os.sched_setaffinity(0, {{{allowed[0]}}}); {described}")
        assert f"1 of {os.cpu_count()} cores" in " ".join(text)
        assert f"1 of {os.cpu_count()} cores" not in describe_machine(["numpy"])


def test_a_limit_of_virtual_memory_counts():
    assert counted("sh", "-c", 'ulimit -v 4194304 && exec "$@"', "sh")[1] == str(4194304 * 1024)


@pytest.fixture
def group():
    """Give a function that makes a control group of version 1 or 2 with limits, for a real process to join."""
    made = []

    def make(controller, **limits):
        mount = CONTROL_GROUPS / controller if (CONTROL_GROUPS / controller).is_dir() else CONTROL_GROUPS
        folder = mount / f"packtune-test-{os.getpid()}"
        try:
            folder.mkdir()
            made.append(folder)
            for name, text in limits.items():
                file = folder / name.replace("__", ".")
                if file.exists():
                    file.write_text(text)
        except OSError as error:
            pytest.skip(f"this machine lets no control group be made: {error}")
        return folder

    yield make
    for folder in made:
        with contextlib.suppress(OSError):
            folder.rmdir()


def in_group(folder):
    return counted("sh", "-c", f'echo $$ > {folder}/cgroup.procs && exec "$@"', "sh")


def test_a_quota_of_a_real_control_group_counts(group):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one processor only")
    folder = group("cpu", cpu__cfs_period_us="100000", cpu__cfs_quota_us="150000", cpu__max="150000 100000")
    assert in_group(folder)[0] == "1"


def test_the_memory_of_a_real_control_group_counts(group):
    folder = group("memory", memory__limit_in_bytes=str(2**30), memory__max=str(2**30))
    assert in_group(folder)[1] == str(2**30)
