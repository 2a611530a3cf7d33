"""Signals to a search, or to each of its processes: it ends in good order, and goes on as if nothing had been."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from kills import ORPHANS_TIMEOUT_S, ROUND_DELAY_S, check_kept, wait_for_end
from moments import Moments
from searches import Search, descendants, is_agent, status_of, undisturbed, wait_until

CODES = ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129))


def stopped_driver(tries: int, draws: random.Random, folder: Path) -> str:
    """Send one signal or two, to the driver or to its group; the search must end with their code and be resumable."""
    calm = undisturbed(folder)
    moments = Moments(Search(folder, "calm"))
    ended = {0: 0, 129: 0, 130: 0, 143: 0}
    longest_s = 0.0
    for n in range(tries):
        search = Search(folder, f"stopped-{n}")
        number, code = CODES[n % 3]
        process = search.start(plan={"delay_s": ROUND_DELAY_S, "seed": draws.random()})
        moments.wait(search, process, draws)
        sent_s = time.monotonic()
        again_s = draws.uniform(0, 0.5) if n % 4 >= 2 else None
        _send(process, number, group=n // 3 % 2 == 1, again_s=again_s)
        _, talk = process.communicate(timeout=120)
        longest_s = max(longest_s, time.monotonic() - sent_s)
        returned = 128 - process.returncode if process.returncode < 0 else process.returncode
        assert returned in (code, 0), (returned, talk)
        assert "Traceback" not in talk, talk
        assert not process.returncode or again_s is not None or f"packtune resume {search.name}" in talk, talk
        ended[returned] += 1
        _check_goes_on(search, calm, finished=not returned)
    return (
        f"exit 130 {ended[130]} times, 143 {ended[143]} times, 129 {ended[129]} times, finished before it {ended[0]} "
        f"times; {moments}; every other three went to the whole group, every other pair got a second signal; ended "
        f"within {longest_s:.1f} s"
    )


def signalled_everywhere(tries: int, draws: random.Random, folder: Path) -> str:
    """Signal every process of a search in a random order, as schedulers and service managers do that end a job."""
    calm = undisturbed(folder)
    moments = Moments(Search(folder, "calm"))
    longest_s = 0.0
    for n in range(tries):
        search = Search(folder, f"everywhere-{n}")
        number, code = CODES[n % 3]
        process = search.start("--max-failures", "0", plan={"delay_s": ROUND_DELAY_S, "seed": draws.random()})
        moments.wait(search, process, draws)
        everyone = [process.pid, *descendants(process.pid)]
        draws.shuffle(everyone)
        longest_s = max(longest_s, _end_with(process, (code, 0), partial(_signal, everyone, number)))
        assert len(search.run_folder.trials_csv.read_text().splitlines()) > 1
        _check_goes_on(search, calm, finished=not process.returncode)
    return f"SIGINT, SIGTERM, SIGHUP in turn, in random order; {moments}; ended within {longest_s:.1f} s"


def _check_goes_on(search: Search, calm: bytes, *, finished: bool) -> None:
    """Finish a search that was stopped, unless it is finished: nothing it had recorded is lost."""
    before = search.recorded()
    assert search.is_finished() or not finished
    search.finish()
    check_kept(before, search.recorded())
    search.check(calm)


def _send(process: subprocess.Popen[str], number: int, *, group: bool, again_s: float | None) -> None:
    """Send a signal, as terminals, schedulers and containers do to the whole group, and perhaps again after a time."""
    send = os.killpg if group else os.kill
    with contextlib.suppress(ProcessLookupError):
        send(process.pid, number)
        if again_s is not None:
            time.sleep(again_s)
            send(process.pid, number)


def stopped_start(tries: int, draws: random.Random, folder: Path) -> str:
    """Signal a driver at a random moment of its start."""
    calm = undisturbed(folder)
    longest_s = 0.0
    left = 0
    for n in range(tries):
        search = Search(folder, f"start-{n}")
        number, code = CODES[n % 3]
        process = search.start()
        # Python needs some time until the program can listen, to SIGHUP at last.
        wait_until(partial(_handles, process.pid, signal.SIGHUP), process)
        time.sleep(draws.uniform(0, 3))
        below = descendants(process.pid)
        longest_s = max(longest_s, _end_with(process, (code,), partial(process.send_signal, number)))
        wait_for_end(below, ORPHANS_TIMEOUT_S, but=is_agent)
        left += search.begun
        search.finish()
        search.check(calm)
    return f"{left} of {tries} left a run to resume; ended within {longest_s:.1f} s"


def _end_with(process: subprocess.Popen[str], codes: tuple[int, ...], send: Callable[[], None]) -> float:
    """Send a signal, and give the seconds until the search has ended with one of the codes."""
    sent_s = time.monotonic()
    send()
    _, talk = process.communicate(timeout=60)
    assert process.returncode in codes, (process.returncode, talk)
    assert "Traceback" not in talk, talk
    return time.monotonic() - sent_s


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _handles(pid: int, number: int) -> bool:
    """Tell whether a process has a handler for a signal."""
    caught = [line.split()[1] for line in status_of(pid).splitlines() if line.startswith("SigCgt:")]
    return bool(caught) and bool(int(caught[0], 16) >> (number - 1) & 1)
