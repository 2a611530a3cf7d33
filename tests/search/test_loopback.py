"""A local search listens on loopback only."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


def test_a_local_search_listens_on_loopback_only(tmp_path):
    command = [PACKTUNE, "run", "--space", "mini-grid", "--epochs", "1", "--name", "local"]
    driver = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seen = set()
    while driver.poll() is None:
        seen |= listening_addresses(descendants(driver.pid))
        time.sleep(0.2)
    assert driver.returncode == 0, driver.stderr.read()
    driver.stderr.close()
    assert seen, "Ray was not seen to listen at all"
    assert seen <= set(LOOPBACK)
