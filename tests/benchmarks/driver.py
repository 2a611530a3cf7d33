"""Rows 9 and 10: what a trial costs beside its training, and what a proposal costs after ten thousand trials.

    python tests/benchmarks/run.py --only 9 10

Row 9: workers that train nothing, on both sides; from the first finished trial to the last, so that no start-up counts.
Row 10: the driver alone, in one thread: from asking for a pack to having told it.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from table import Options, Row, judge

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.execution.connection import connection
from packtune.machine import describe_machine
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.proposals.proposer import Suggestion
from packtune.settings import Resources, SearchPlan
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.space import Space
from packtune.study.storage import open_storage
from packtune.study.study import SearchStudy, create_study
from packtune.trial import Accuracy, Outcome, TrialState

if TYPE_CHECKING:
    from packtune.worker.trainable import PackTrainable

# Six mixed hyperparameters. The networks are small, so that a processor takes the largest packs.
SIX = Space(
    name="six",
    dimensions=(
        Dimension(name="hidden_units", domain=IntRange(low=9, high=16)),
        Dimension(name="activation", domain=Choices(values=("relu", "tanh", "gelu"))),
        Dimension(name="batch_size", domain=Choices(values=(32, 64, 128))),
        Dimension(name="learning_rate", domain=FloatRange(low=1e-3, high=1, log=True)),
        Dimension(name="momentum", domain=FloatRange(low=0, high=0.99)),
        Dimension(name="nesterov", domain=Choices(values=(False, True))),
    ),
)
TOLD = 10_000
PACK = 16
MOST_OVERHEAD_MS = 3.0
MOST_GROWTH = 2.0
LEAST_RATIO = 8.0


def rows(options: Options) -> list[Row]:
    """Measure the rows that are wanted."""
    found = []
    if options.wants(9):
        found += overhead_rows(options.quick)
    if options.wants(10):
        found.append(proposal_row(options.quick))
    return found


# Row 9


def overhead_rows(quick: bool) -> list[Row]:
    """Time searches whose training does nothing: the cost of a trial, and how it grows."""
    trials, plain_trials = (1_000, 20) if quick else (10_000, 100)
    plain_s = _alone(time_plain_tune, plain_trials)
    moments = _alone(time_search, trials)
    plain_ms = 1e3 * (plain_s[-1] - plain_s[0]) / (len(plain_s) - 1)
    first, last = moments[0], moments[-1]
    ours_ms = 1e3 * (last[1] - first[1]) / (last[0] - first[0])
    tenth = trials // 10
    early_ms, late_ms = (
        1e3 * cost_s(moments, *part) for part in ((first[0], first[0] + tenth), (trials - tenth, trials))
    )
    against = f"Ray Tune with reuse_actors, {plain_trials} trials"
    context = f"{ours_ms:.2f} ms a trial; Ray Tune {plain_ms:.1f} ms: {plain_ms / ours_ms:.0f}x"
    machine = describe_machine()
    return [
        Row(
            number=9,
            what=f"overhead of a trial that does nothing: {trials:,} trials, random sampler, journal, packs of "
            f"{largest_pack()}",
            against=against,
            reach=f"<= {MOST_OVERHEAD_MS:g} ms",
            values=(ours_ms,),
            unit="ms",
            n=trials,
            held=judge([ours_ms], at_most=MOST_OVERHEAD_MS),
            context=context,
            machine=machine,
        ),
        Row(
            number=9,
            what=f"the same, the last {tenth:,} trials",
            against=f"the first {tenth:,}",
            reach=f"<= {MOST_GROWTH:g}x",
            values=(late_ms / early_ms,),
            unit="x",
            n=tenth,
            held=judge([late_ms / early_ms], at_most=MOST_GROWTH),
            context=f"{early_ms:.2f} and {late_ms:.2f} ms a trial",
            machine=machine,
        ),
    ]


def largest_pack() -> int:
    """Give the size of a full pack of the six-parameter space on a processor."""
    from packtune.proposals.packing import CPU_MEMBERS

    return CPU_MEMBERS


def cost_s(moments: Sequence[tuple[int, float]], first: int, last: int) -> float:
    """Give the seconds a trial from the first to the last of some, by (trials finished, moment) in order."""

    def when(n: int) -> tuple[int, float]:
        return next(moment for moment in moments if moment[0] >= n)

    (from_n, from_s), (to_n, to_s) = when(first), when(last)
    return (to_s - from_s) / (to_n - from_n)


def time_search(trials: int) -> list[tuple[int, float]]:
    """Search with two workers that train nothing; give (trials finished, seconds) at each pack's end."""
    plan = SearchPlan(sampler="random", trials=trials, epochs=1).settle(precision=Precision.FLOAT32, lookahead=4)
    resources = Resources(workers=2, device=Device.CPU)
    moments: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as folder, connection(resources, print) as ray:
        placement = ray.placement()
        from packtune.execution.launch import run_packs
        from packtune.execution.searcher import Lane, PackSearcher
        from packtune.worker.checkpoint import CheckpointFolder

        with open_storage(Path(folder) / "study.journal", None) as storage:
            study = create_study(storage, "idle", SIX, plan)
            dispatcher = Dispatcher(study, plan, device=placement.device)

            def note() -> None:
                done = dispatcher.standing().finished.total()
                if done and (not moments or done > moments[-1][0]):
                    moments.append((done, time.perf_counter()))

            lane = Lane(
                dispatcher=dispatcher, checkpoints=CheckpointFolder(Path(folder) / "c"), on_report=lambda report: None
            )
            searcher = PackSearcher([lane], stopping=lambda: False, on_change=note, say=print)
            run_packs(searcher, [_tiny_dataset()], placement, print, trainable=_idle_trainable())
    assert moments[-1][0] == trials
    return moments


def _idle_trainable() -> type[PackTrainable]:
    """Make a worker that reports at once, and that Ray's processes need not import from here."""
    import ray

    from packtune.worker.messages import PackDone
    from packtune.worker.trainable import PackTrainable

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])

    class IdleTrainable(PackTrainable):
        def next_message(self) -> PackDone:
            return PackDone(report=report_nothing(self._task))

    return IdleTrainable


def report_nothing(task: PackTask) -> PackReport:
    """Report a training that never happened, COMPLETE with accuracies that follow from the trials' seeds."""
    return PackReport(
        outcomes=tuple(
            Outcome(
                state=TrialState.COMPLETE,
                epochs=task.epochs,
                curve=((task.epochs, p.seed / 2**32),),
                validation=Accuracy(joint=p.seed / 2**32, heads=(p.seed / 2**32,)),
                test=Accuracy(joint=p.seed / 2**32, heads=(p.seed / 2**32,)),
                device=task.device,
            )
            for p in task.pack.proposals
        )
    )


def _tiny_dataset() -> Any:
    import torch

    from packtune.data.dataset import Dataset, Split
    from packtune.data.description import digit_heads

    split = Split(inputs=torch.zeros(4, 1, 8, 8, dtype=torch.uint8), labels=torch.zeros(4, 1, dtype=torch.int64))
    return Dataset(name="digits", train=split, validation=split, test=split, heads=digit_heads("digit"))


def time_plain_tune(trials: int) -> list[float]:
    """Run Ray Tune as its documentation shows, with trials that report once; give the seconds at each one's end."""
    import ray
    from ray import tune

    moments: list[float] = []

    class Idle(tune.Trainable):
        def setup(self, config: dict[str, Any]) -> None:
            pass

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            return True

        def step(self) -> dict[str, Any]:
            return {"accuracy": 0.5, "done": True}

    class Clock(tune.Callback):
        def on_trial_complete(self, *args: Any, **kwargs: Any) -> None:
            moments.append(time.perf_counter())

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        tune.Tuner(
            Idle,
            param_space={"learning_rate": tune.loguniform(1e-3, 1), "momentum": tune.uniform(0, 0.99)},
            tune_config=tune.TuneConfig(num_samples=trials, reuse_actors=True),
            run_config=tune.RunConfig(
                storage_path=folder,
                verbose=0,
                callbacks=[Clock()],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()
    ray.shutdown()
    return moments


def _alone(measure: Callable[[int], Any], trials: int) -> Any:
    """Measure in a process of its own: Ray reads its environment once."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, trials).result()


# Row 10


def proposal_row(quick: bool) -> Row:
    """Time proposals after many trials: ours in packs, and Optuna's own, one at a time, on the same trials."""
    told, repeats = (500, 3) if quick else (TOLD, 9)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        packs, plain = _Packs(told, Path(folder)), _Plain(told)
        pairs = [(plain.time_trial_s(), packs.time_trial_s()) for _ in range(repeats)]
        packs.close()
    ratios = tuple(theirs / ours for theirs, ours in pairs)
    theirs_ms, ours_ms = (1e3 * statistics.median(column) for column in zip(*pairs, strict=True))
    return Row(
        number=10,
        what=f"a proposal of TPE in packs of {PACK}, asked, recorded in a journal and told, {told:,} finished trials, "
        "six mixed hyperparameters",
        against="Optuna's own TPESampler, ask and tell in memory",
        reach=f">= {LEAST_RATIO:g}x",
        values=ratios,
        unit="x",
        held=judge(ratios, at_least=LEAST_RATIO),
        context=f"{ours_ms:.2f} ms against {theirs_ms:.0f} ms a trial",
        machine=describe_machine(),
    )


class _Packs:
    """Our driver, with a search of many trials behind it."""

    def __init__(self, told: int, folder: Path) -> None:
        plan = SearchPlan(sampler="tpe", trials=10 * told, epochs=1, pack_size=PACK)
        settled = plan.settle(precision=Precision.FLOAT32, lookahead=1)
        self._context = open_storage(folder / "study.journal", None)
        study = create_study(self._context.__enter__(), "packs", SIX, plan)
        fill(study, told)
        self._dispatcher = Dispatcher(study, settled)
        self._next: PackTask | None = self._dispatcher.next_pack()

    def time_trial_s(self) -> float:
        """Take in one pack, which tells it, and ask for the next; seconds a trial."""
        assert self._next is not None
        report = report_nothing(self._next)
        started_s = time.perf_counter()
        self._dispatcher.receive(self._next.pack, report)
        self._next = self._dispatcher.next_pack()
        return (time.perf_counter() - started_s) / PACK

    def close(self) -> None:
        """Close the journal."""
        self._context.__exit__(None, None, None)


def fill(study: SearchStudy, told: int) -> None:
    """Open, record and tell so many random trials, with accuracies of their own."""
    draws = np.random.default_rng(0).random(told)
    values = random_values(told)
    with study.batch():
        for number, (row, accuracy) in enumerate(zip(values, draws.tolist(), strict=True)):
            study.trials.open(number, Suggestion(values=row))
            reached = Accuracy(joint=accuracy, heads=(accuracy,))
            outcome = Outcome(
                state=TrialState.COMPLETE, epochs=1, curve=((1, accuracy),), validation=reached, test=reached
            )
            study.outcomes.record(number, outcome)
            study.outcomes.tell(number, outcome)
        study.pack_notes.assign(0, [list(range(start, min(start + PACK, told))) for start in range(0, told, PACK)])


def random_values(n: int) -> list[dict[str, Any]]:
    """Draw configurations of the six-parameter space evenly."""
    from packtune.proposals.encoding import Encoding
    from packtune.proposals.pack_window import PackStart
    from packtune.proposals.random_draws import EvenDraws

    encoding = Encoding(SIX)
    draws = EvenDraws(encoding, PackStart(seed=0, pack=0, first=0))
    return [encoding.decode(row) for row in draws.others(n, encoding.everywhere)]


class _Plain:
    """Optuna alone, with the same trials behind it."""

    def __init__(self, told: int) -> None:
        self._study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
        draws = np.random.default_rng(0).random(told)
        from packtune.proposals.from_optuna.space import distributions_of

        self._distributions = distributions_of(SIX)
        self._study.add_trials(
            [
                optuna.trial.create_trial(params=row, distributions=self._distributions, value=accuracy)
                for row, accuracy in zip(random_values(told), draws.tolist(), strict=True)
            ]
        )
        self.time_trial_s()  # the first builds caches

    def time_trial_s(self) -> float:
        """Ask one trial with all its hyperparameters and tell it; seconds."""
        started_s = time.perf_counter()
        trial = self._study.ask(self._distributions)
        self._study.tell(trial, 0.5)
        return time.perf_counter() - started_s
