"""Row 10, second half: what searches find whose proposals come in packs, against Optuna's TPE asked one at a time.

    python tests/benchmarks/proposals.py --write results/proposals.md

Ours go through the study and the dispatcher with a lookahead of 4 packs; packs are as large as the dispatcher makes
them where nothing else limits them. Optuna's run in memory and are told each trial before the next. Pairs share their
objective and their seed.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import statistics
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from checkout import make_importable

make_importable()

import numpy as np
import optuna
from objectives import OBJECTIVES, Objective
from scipy import stats
from table import Held, Options, Row

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.pack_task import PackReport
from packtune.machine import describe_machine
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.proposals.from_optuna.space import suggest_value
from packtune.settings import SearchPlan
from packtune.study.storage import Storage
from packtune.study.study import create_study
from packtune.trial import Accuracy, Outcome, TrialState

TRIALS = (64, 128, 200)
SEEDS = 20
LOOKAHEAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to search.

    Attributes:
        pack_size: of ours; none for what the dispatcher chooses, 0 for Optuna's own sampler.
        lookahead: of ours, in packs.
        grouped: of Optuna's, whether conditional hyperparameters are sampled jointly (its `group`).
    """

    name: str
    pack_size: int | None = None
    lookahead: int = LOOKAHEAD
    grouped: bool = False


PACKS = Way(name="packs")
OTHERS = (Way(name="Optuna's TPE", pack_size=0), Way(name="Optuna's TPE, group=True", pack_size=0, grouped=True))
# For orientation: what the packs cost, and what the estimator alone is worth.
CONTEXT = (Way(name="packs of 16 from the start", pack_size=16), Way(name="one at a time", pack_size=1, lookahead=1))


def search(way: Way, objective: Objective, seed: int, trials: int) -> list[float]:
    """Search once; give the best value after each trial."""
    values = _optuna(way, objective, seed, trials) if way.pack_size == 0 else _ours(way, objective, seed, trials)
    return np.maximum.accumulate(values).tolist()


def _ours(way: Way, objective: Objective, seed: int, trials: int) -> list[float]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    plan = SearchPlan(trials=trials, epochs=1, halving=False, pack_size=way.pack_size, seed=seed)
    settled = plan.settle(precision=Precision.FLOAT32, lookahead=way.lookahead)
    study = create_study(Storage(optuna=optuna.storages.InMemoryStorage()), "s", objective.space, plan)
    # A GPU takes packs of any size that occurs here: only what is known limits them.
    dispatcher, evaluate = Dispatcher(study, settled, device=Device.CUDA), objective.make(seed)
    found: dict[int, float] = {}
    names = {dimension.name for dimension in objective.space.dimensions}
    while (packs := _start(dispatcher)) or not dispatcher.finished:
        # The last that was started arrives first: the order must not matter, and does not.
        for task in reversed(packs):
            configurations = [
                {name: value for name, value in p.configuration.used().items() if name in names}
                for p in task.pack.proposals
            ]
            worth = evaluate(configurations)
            found |= dict(zip(task.pack.trials, worth, strict=True))
            dispatcher.receive(task.pack, PackReport(outcomes=tuple(map(_complete, worth))))
    return [found[number] for number in range(trials)]


def _start(dispatcher: Dispatcher) -> list:
    packs = []
    while (task := dispatcher.next_pack()) is not None:
        packs.append(task)
    return packs


def _complete(value: float) -> Outcome:
    reached = Accuracy(joint=value, heads=(value,))
    return Outcome(state=TrialState.COMPLETE, epochs=1, curve=((1, value),), validation=reached, test=reached)


def _optuna(way: Way, objective: Objective, seed: int, trials: int) -> list[float]:
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True) if way.grouped else None
    study = optuna.create_study(direction="maximize", sampler=sampler or optuna.samplers.TPESampler(seed=seed))
    evaluate, found = objective.make(seed), []
    for _ in range(trials):
        trial = study.ask()
        values = objective.space.choose(functools.partial(suggest_value, trial))
        found.append(evaluate([values])[0])
        study.tell(trial, found[-1])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Best values of pairs of searches, at one number of trials.

    Attributes:
        ours, theirs: [seeds].
    """

    objective: str
    trials: int
    against: str
    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def differences(self) -> list[float]:
        """Ours less theirs, [seeds]."""
        return [a - b for a, b in zip(self.ours, self.theirs, strict=True)]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the mean difference, by Student's t."""
        low, high = stats.t.interval(
            0.95, len(self.ours) - 1, loc=np.mean(self.differences), scale=stats.sem(self.differences) or 1e-12
        )
        return float(low), float(high)

    @property
    def wins(self) -> tuple[int, int]:
        """How many pairs ours won and lost."""
        return sum(d > 0 for d in self.differences), sum(d < 0 for d in self.differences)

    @property
    def p(self) -> float:
        """Wilcoxon's signed-rank test, two-sided."""
        return float(stats.wilcoxon(self.differences).pvalue) if any(self.differences) else 1.0

    @property
    def held(self) -> bool:
        """Whether ours are no worse: the interval of the mean difference does not lie below zero."""
        return self.interval[1] >= 0


def compare(
    ways: Sequence[Way], objectives: Sequence[Objective], seeds: int, trials: Sequence[int]
) -> list[Comparison]:
    """Search with each way beside our packs, in as many processes as there are processors."""
    # No way looks at how many trials are left: the longest search shows the shorter ones too.
    jobs = [
        (way, objective, s, max(trials)) for objective in objectives for way in (PACKS, *ways) for s in range(seeds)
    ]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        done = pool.map(search, *zip(*jobs, strict=True))
        best = {(way.name, o.name, s): curve for (way, o, s, _), curve in zip(jobs, done, strict=True)}

    def at(way: Way, objective: Objective, n: int) -> list[float]:
        return [best[way.name, objective.name, s][n - 1] for s in range(seeds)]

    return [
        Comparison(objective=o.name, trials=n, against=w.name, ours=at(PACKS, o, n), theirs=at(w, o, n))
        for o in objectives
        for n in trials
        for w in ways
    ]


def rows(options: Options) -> list[Row]:
    """Compare the packs with Optuna's own TPE, for the table of all benchmarks."""
    if not options.wants(10):
        return []
    seeds, trials = (3, (32,)) if options.quick else (SEEDS, TRIALS)
    found = compare(OTHERS[:1], OBJECTIVES, seeds, trials)
    return [
        Row(
            number=10,
            what=f"best value found with proposals in packs, {c.trials} trials; {c.objective}",
            against="Optuna's own TPE, one at a time, the same seeds",
            reach="no worse",
            values=tuple(c.differences),
            unit="",
            held=Held.YES if c.held else Held.NO,
            context=f"mean {np.mean(c.ours):.4f} against {np.mean(c.theirs):.4f}",
            remark=_in_words(c),
            machine=describe_machine(),
        )
        for c in found
    ]


def _in_words(c: Comparison) -> str:
    low, high = c.interval
    return (
        f"mean difference {np.mean(c.differences):+.4f} (95% {low:+.4f} to {high:+.4f}), "
        f"{c.wins[0]} won, {c.wins[1]} lost, Wilcoxon p = {c.p:.3f}"
    )


def to_markdown(found: Sequence[Comparison], seeds: int, command: str) -> str:
    """Write the comparisons for people."""
    lines = [
        "# What searches find whose proposals come in packs",
        "",
        f"Best value after equal numbers of trials, mean of {seeds} seeds, each with an objective of its own where it "
        "is made up. *Packs*: packtune's `tpe`, which proposes packs of 2 at first and larger ones as more is known, "
        f"told {LOOKAHEAD - 1} packs late, as with {LOOKAHEAD} packs in training. The others: Optuna's TPESampler "
        "asked one at a time and told at once; packs of 16 from the start, and packtune's `tpe` one at a time, told at "
        "once, to see what packs cost. Difference: packs less the other, with the 95% interval of the mean, pairs won "
        "and lost, and the p of Wilcoxon's signed-rank test.",
        "",
        "| objective | trials | packs | against | its mean | difference | 95% | won, lost | p |",
        "|---|---:|---:|---|---:|---:|---|---:|---:|",
    ]
    for c in found:
        low, high = c.interval
        lines.append(
            f"| {c.objective} | {c.trials} | {statistics.mean(c.ours):.4f} | {c.against} | "
            f"{statistics.mean(c.theirs):.4f} | {np.mean(c.differences):+.4f} | {low:+.4f} to {high:+.4f} | "
            f"{c.wins[0]}, {c.wins[1]} | {c.p:.3f} |"
        )
    return "\n".join([*lines, "", f"{describe_machine()}; `{command}`", ""])


def main(argv: Sequence[str] | None = None) -> None:
    """Compare all ways and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--write", type=Path, metavar="FILE", help="Markdown file for the table")
    options = parser.parse_args(argv)
    found = compare((*OTHERS, *CONTEXT), OBJECTIVES, options.seeds, TRIALS)
    text = to_markdown(found, options.seeds, f"python {' '.join(sys.argv)}")
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
