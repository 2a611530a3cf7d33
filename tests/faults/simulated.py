"""A long search whose training takes no time: what a driver costs that has seen ten thousand trials."""

from __future__ import annotations

import gc
import time
from pathlib import Path

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.pack_task import PackReport
from packtune.models.hardware.precision import Precision
from packtune.settings import SearchPlan
from packtune.space.catalog import load_space
from packtune.study.storage import open_storage
from packtune.study.study import create_study
from packtune.trial import Accuracy, Outcome, TrialState

MAX_GROWTH_MB = 100


def simulate(trials: int, folder: Path) -> str:
    """Search with random proposals to the end, and measure.

    Raises:
        AssertionError: the driver grew by more than it may.
    """
    plan = SearchPlan(sampler="random", trials=trials, epochs=10).settle(precision=Precision.FLOAT32, lookahead=4)
    journal = folder / "simulated.journal"
    with open_storage(journal, None) as storage:
        study = create_study(storage, "simulated", load_space("sgd"), plan)
        dispatcher = Dispatcher(study, plan)
        before_mb, finished, moments = resident_mb(), 0, [(0, time.perf_counter())]
        while (task := dispatcher.next_pack()) is not None:
            dispatcher.receive(task.pack, _report(task))
            dispatcher.standing()
            finished += len(task.pack.proposals)
            moments.append((finished, time.perf_counter()))
        gc.collect()
        growth_mb = resident_mb() - before_mb
        assert len(study.outcomes.told_trials()) == trials
    tenth = trials // 10
    first_ms, last_ms = (1e3 * _seconds(moments, *part) / tenth for part in ((0, tenth), (trials - tenth, trials)))
    megabytes = journal.stat().st_size / 1e6
    assert growth_mb < MAX_GROWTH_MB, f"the driver grew by {growth_mb:.0f} MB"
    return (
        f"{growth_mb:.0f} MB more for {trials:,} trials; journal {megabytes:.1f} MB; {first_ms:.2f} ms a trial in the "
        f"first {tenth:,}, {last_ms:.2f} in the last"
    )


def resident_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _seconds(moments: list[tuple[int, float]], first: int, last: int) -> float:
    def when(n: int) -> float:
        return next(moment for finished, moment in moments if finished >= n)

    return when(last) - when(first)


def _report(task) -> PackReport:
    """Prune two thirds after the first epoch, as halving would."""
    outcomes = []
    for proposal in task.pack.proposals:
        accuracy = proposal.seed / 2**32
        epochs = 1 if proposal.number % 3 else task.epochs
        outcomes.append(
            Outcome(
                state=TrialState.PRUNED if proposal.number % 3 else TrialState.COMPLETE,
                epochs=epochs,
                curve=tuple((epoch, accuracy) for epoch in range(1, epochs + 1)),
                validation=Accuracy(joint=accuracy, heads=(accuracy,)),
                test=Accuracy(joint=accuracy, heads=(accuracy,)),
                seconds=0.5,
                device="cpu",
            )
        )
    return PackReport(outcomes=tuple(outcomes))
