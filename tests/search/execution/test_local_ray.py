"""What a local search starts: nothing that listens beyond loopback, and no process that it has no use for."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packtune.execution.lean_ray import lean_start
from packtune.execution.ray_start import RayStart

PACKTUNE = str(Path(sys.executable).parent / "packtune")
LISTENING = "0A"  # of the column `st` in /proc/net/tcp
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system has no /proc/net/tcp")


def descendants(root):
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def sockets(pids):
    inodes = set()
    for pid in pids:
        try:
            links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue
        inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
    return inodes


def listening_addresses(pids):
    """Give the local addresses, in hexadecimal, that any of the processes listens on."""
    ours = sockets(pids)
    rows = [row.split() for name in ("tcp", "tcp6") for row in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == LISTENING and row[9] in ours}


def commands(pids):
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            found.add(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
    return found


def test_a_local_search_listens_on_loopback_only_and_starts_no_server_for_people(tmp_path):
    command = [PACKTUNE, "run", "--space", "mini-grid", "--epochs", "1", "--name", "local"]
    driver = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    listening, running = set(), set()
    while driver.poll() is None:
        pids = descendants(driver.pid)
        listening |= listening_addresses(pids)
        running |= commands(pids)
        time.sleep(0.2)
    assert driver.returncode == 0, driver.stderr.read()
    driver.stderr.close()
    assert listening, "Ray was not seen to listen at all"
    assert listening <= set(LOOPBACK)
    assert any("/raylet/raylet " in command for command in running), "Ray was not seen to run at all"
    useless = ("/autoscaler/_private/monitor.py", "/dashboard/dashboard.py", "/log_monitor.py")
    assert not [command for command in running if any(script in command for script in useless)]


def test_ray_is_as_it_was_after_a_lean_start():
    from ray._private import node, parameter, services, utils

    def now():
        return (
            *(parameter.RayParams, node.Node.start_api_server, node.wait_for_persisted_port),
            *(services.get_node, services.ConsolePopen),
            *(utils.get_dashboard_dependency_error, utils.estimate_available_memory),
        )

    before = now()
    with pytest.raises(RuntimeError), lean_start(RayStart()):
        assert parameter.RayParams().no_monitor
        assert parameter.RayParams(node_ip_address="127.0.0.1").include_log_monitor is False
        assert utils.get_dashboard_dependency_error()
        raise RuntimeError
    assert before == now()


def test_rays_memory_is_no_more_than_a_limit_around_this_process_allows():
    code = (
        "from ray._private import utils; from packtune.execution.lean_ray import lean_start; "
        "from packtune.execution.ray_start import RayStart\n"
        "with lean_start(RayStart()): print(utils.estimate_available_memory())"
    )
    limited = ["sh", "-c", 'ulimit -v 6000000 && exec "$@"', "sh"]
    done = subprocess.run(
        [*limited, sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200
    )
    assert int(done.stdout) <= 6_000_000 * 1024
