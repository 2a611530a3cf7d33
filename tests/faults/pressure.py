"""Memory that is short: another program fills it, and frees it later. Ray's own memory monitor kills the workers."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

from losses import NotHere
from searches import TIMEOUT_S, Search, undisturbed

HOG_BYTES = 5 << 30
# The limit lies this far above what was in use before; other programs may use more or less meanwhile.
MARGIN_BYTES = 7 << 29
HOG = """
import sys
filled = bytearray(int(sys.argv[1]))
filled[::4096] = b"x" * len(filled[::4096])
print("filled", flush=True)
sys.stdin.read()
"""


def short_memory(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    for n in range(tries):
        used, total = _memory()
        if used + HOG_BYTES + (2 << 30) > total:
            raise NotHere("this machine has too little free memory")
        limits = {
            "RAY_memory_usage_threshold": f"{(used + MARGIN_BYTES) / total:.4f}",
            "RAY_memory_monitor_refresh_ms": "100",
        }
        search = Search(folder, f"memory-{n}", environment={**os.environ, **limits})
        hog = subprocess.Popen(
            [sys.executable, "-c", HOG, str(HOG_BYTES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert hog.stdout.readline() == b"filled\n"
            process = search.start("--max-failures", "0")
            talk = _read_until(process, "memory ran low on its node")
        finally:
            hog.communicate(b"")
        talk += process.communicate(timeout=TIMEOUT_S)[1]
        assert process.returncode == 0, talk
        assert "No pack is to blame: waiting" in talk, talk
        assert "Packs are trained again." in talk, talk
        assert "failed" not in talk, talk
        search.check(calm)
    return f"another program filled {HOG_BYTES >> 30} GiB before each search, and freed them once the search waited"


def _read_until(process: subprocess.Popen[str], words: str) -> str:
    """Read what a search says until some words come.

    Raises:
        AssertionError: it ended before, or took too long.
    """
    timer = threading.Timer(TIMEOUT_S, process.kill)
    timer.start()
    try:
        said = ""
        for line in process.stderr:
            said += line
            if words in line:
                return said
    finally:
        timer.cancel()
    raise AssertionError(said)


def _memory() -> tuple[int, int]:
    """Give the bytes of memory in use, and all there are."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError as error:
        raise NotHere("only Linux tells how much memory is in use") from error
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    return sizes["MemTotal"] - sizes["MemAvailable"], sizes["MemTotal"]
