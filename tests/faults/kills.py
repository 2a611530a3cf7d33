"""Processes that are killed, stopped or slowed down while a search runs: the search ends as if nothing had been."""

from __future__ import annotations

import contextlib
import math
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from cluster import Cluster
from moments import Moments
from searches import (
    IN_PARTS,
    SEARCH,
    TIMEOUT_S,
    Search,
    alive,
    command_of,
    descendants,
    is_agent,
    kill,
    undisturbed,
    wait_until,
    workers_of,
)

ORPHANS_TIMEOUT_S = 30
# Ray's two agents of a node stay idle for a minute, while they try to report its end to a driver that is gone too.
AGENTS_TIMEOUT_S = 120
# Packs of two, three rounds each: some seconds of training, so that a random moment is often in its midst.
ROUND_DELAY_S = 1.0
# A search gives up after twenty deaths in a row without a report: that is no fault of one pack.
MOST_KILLS_IN_A_ROW = 8


def shuffled_workers(tries: int, draws: random.Random, folder: Path, *, options: tuple[str, ...] = SEARCH) -> str:
    calm = undisturbed(folder, options)
    for n in range(tries):
        search = Search(folder, f"workers-{n}", options=options)
        plan = {"delay_s": 1.0, "seed": draws.random()}
        search.finish("--workers", str((4, 2, 1)[n % 3]), "--cpus-per-worker", "0.5", plan=plan)
        search.check(calm)
    return "workers 4, 2, 1 in turn; rounds delayed by 0 to 1 s"


def killed_driver(
    tries: int,
    draws: random.Random,
    folder: Path,
    *,
    until_agents_end: bool = False,
    options: tuple[str, ...] = SEARCH,
) -> str:
    calm = undisturbed(folder, options)
    moments = Moments(Search(folder, "calm", options=options))
    kills = searches = 0
    longest_s = 0.0
    agents: list[int] = []
    while kills < tries:
        search = Search(folder, f"driver-{searches}", options=options)
        before: dict[str, dict] = {}
        while kills < tries:
            process = search.start(plan={"delay_s": ROUND_DELAY_S, "seed": draws.random()})
            below = _wait_for_random_moment(search, process, draws, moments)
            if process.poll() is not None:
                _, talk = process.communicate()
                assert process.returncode == 0, talk
                break
            kill(process)
            kills += 1
            killed_s = time.monotonic()
            wait_for_end(below, ORPHANS_TIMEOUT_S, but=is_agent)
            agents += filter(alive, below)
            longest_s = max(longest_s, time.monotonic() - killed_s)
            moments.note(search)
            after = search.recorded()
            check_kept(before, after)
            before = after
        search.finish()
        check_kept(before, search.recorded())
        search.check(calm)
        searches += 1
    if until_agents_end:
        wait_for_end(agents, AGENTS_TIMEOUT_S)
    return f"{searches} searches; {moments}; no worker left after {longest_s:.1f} s" + (
        f", nothing at all after {AGENTS_TIMEOUT_S} s" if until_agents_end else ""
    )


def wait_for_end(pids: Iterable[int], timeout_s: float, *, but: Callable[[int], bool] = lambda pid: False) -> None:
    """Wait until the processes are gone, or only such as are excepted are left."""

    def left() -> list[int]:
        return [pid for pid in pids if alive(pid) and not but(pid)]

    try:
        wait_until(lambda: not left(), timeout_s=timeout_s)
    except TimeoutError:
        survivors = "; ".join(f"{pid} {command_of(pid)[:100]}" for pid in left())
        raise AssertionError(f"still there after {timeout_s:g} s: {survivors}") from None


def _wait_for_random_moment(
    search: Search, process: subprocess.Popen[str], draws: random.Random, moments: Moments
) -> list[int]:
    """Wait, in one of four cases, while the search starts, else into the next stage, or further; give its processes."""
    starting = draws.random() < 0.25
    # A search that was killed before has to get on.
    enough = 10**9 if starting else max(moments.draw(draws), search.outcomes() + draws.randint(0, 6))
    moment_s = time.monotonic() + (draws.uniform(0.5, 8) if starting else TIMEOUT_S)
    waits = not starting
    below: list[int] = []
    while process.poll() is None and time.monotonic() < moment_s:
        below = descendants(process.pid) or below
        if waits and search.trains(process.pid) and search.outcomes() >= enough:
            moment_s, waits = time.monotonic() + draws.uniform(0, ROUND_DELAY_S), False
        time.sleep(0.05)
    return descendants(process.pid) or below


def check_kept(before: dict[str, dict], after: dict[str, dict]) -> None:
    """Make sure that what a study had recorded before a kill is there after it."""
    assert {n: after.get(n) for n in before} == before, "an outcome that was recorded is lost or changed"


def killed_worker(tries: int, draws: random.Random, folder: Path, *, options: tuple[str, ...] = SEARCH) -> str:
    calm = undisturbed(folder, options)
    moments = Moments(Search(folder, "calm", options=options))
    kills = searches = 0
    while kills < tries:
        search = Search(folder, f"worker-{searches}", options=options)
        plan = {"delay_s": ROUND_DELAY_S, "seed": draws.random()}
        process = search.start("--max-failures", "1000", plan=plan)
        while kills < tries:
            # After each row of kills an outcome is waited for, and most often the next stage.
            enough = max(moments.draw(draws), search.outcomes() + 1)
            if not wait_until(lambda s=search, n=enough: s.outcomes() >= n, process, TIMEOUT_S):
                break
            most = min(MOST_KILLS_IN_A_ROW, tries - kills)
            kills += _kill_some_workers(process, draws, most, partial(moments.note, search))
        _, talk = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, talk
        search.check(calm)
        searches += 1
    return f"{searches} searches, {kills / searches:.1f} kills in each; {moments}"


def packs_in_parts(tries: int, draws: random.Random, folder: Path) -> str:
    """Disturb searches whose packs are trained in parts, and compare them with one whose packs stay whole."""
    Search(folder, "calm", options=(*IN_PARTS, "--pack-size", "4")).finish()
    each = math.ceil(tries / 3)
    told = [
        disturb(each, draws, folder, options=IN_PARTS) for disturb in (shuffled_workers, killed_worker, killed_driver)
    ]
    journals = list((folder / "results" / "runs").glob("*/study.journal"))
    split = sum(b'"parts:' in journal.read_bytes() for journal in journals)
    # Elsewhere no parts may give the bytes of the whole.
    assert split or torch.backends.cpu.get_cpu_capability() != "AVX512", "no pack was trained in parts"
    return f"{split} of {len(journals) - 1} searches in parts: {'; '.join(told)}"


def _kill_some_workers(
    process: subprocess.Popen[str], draws: random.Random, most: int, note: Callable[[], None]
) -> int:
    """Kill one to `most` workers, one after another at random moments."""
    kills, enough = 0, draws.randint(1, most)
    while process.poll() is None and kills < enough:
        victims = workers_of(process.pid)
        if victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(draws.choice(victims), signal.SIGKILL)
                note()
                kills += 1
        time.sleep(draws.uniform(0.5, 5))
    return kills


def killed_raylet(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    moments = Moments(Search(folder, "calm"))
    kills = searches = 0
    with Cluster() as cluster:
        while kills < tries:
            while len(cluster.nodes) < 3:
                cluster.add_node()
            search = Search(folder, f"raylet-{searches}", environment=cluster.environment)
            plan = {"delay_s": 2 * ROUND_DELAY_S, "seed": draws.random()}
            process = search.start("--address", cluster.address, "--max-failures", "1000", plan=plan)
            while kills < tries and len(cluster.nodes) > 1 and moments.wait(search, process, draws):
                # Its raylet alone, or all of it as when a machine is switched off.
                cluster.kill_node(draws.randrange(1, len(cluster.nodes)), raylet_only=kills % 2 == 0)
                kills += 1
                if draws.random() < 0.5 and process.poll() is None:
                    cluster.add_node()
            _, talk = process.communicate(timeout=TIMEOUT_S)
            assert process.returncode == 0, talk
            search.check(calm)
            searches += 1
    return (
        f"{searches} searches on a head and two nodes; {moments}; not the driver's own raylet; every other time the "
        "whole node; half of them were replaced"
    )


def killed_driver_of_cluster(tries: int, draws: random.Random, folder: Path) -> str:
    """Kill a driver whose workers are none of its own processes: the cluster must end them."""
    calm = undisturbed(folder)
    moments = Moments(Search(folder, "calm"))
    longest_s = 0.0
    with Cluster() as cluster:
        search = Search(folder, "cluster", environment=cluster.environment)
        for n in range(tries):
            if search.begun and search.is_finished():
                search = replace(search, name=f"cluster-{n}")
            process = search.start("--address", cluster.address, plan={"delay_s": 2.0, "seed": draws.random()})
            if moments.wait(search, process, draws):
                longest_s = max(longest_s, _kill_driver(process, cluster))
            process.communicate(timeout=TIMEOUT_S)
            if draws.random() < 0.5:
                search.finish("--address", cluster.address)
                search.check(calm)
        search.finish("--address", cluster.address)
        search.check(calm)
    return f"{moments}; the cluster's workers were gone after {longest_s:.1f} s at most"


def _kill_driver(process: subprocess.Popen[str], cluster: Cluster) -> float:
    """Kill a driver, and give the seconds until the workers of its cluster have ended."""
    workers = cluster.workers()
    os.kill(process.pid, signal.SIGKILL)
    killed_s = time.monotonic()
    wait_for_end(workers, ORPHANS_TIMEOUT_S)
    return time.monotonic() - killed_s
