"""Objectives that cost nothing: two that are made up, and one that was recorded on scikit-learn's digits.

Each is made from a number, and is another one for another number, except the recorded one. Higher is better.

    python tests/benchmarks/objectives.py   # records digits_sgd.csv anew, in about two minutes
"""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkout import make_importable

make_importable()

import numpy as np

from packtune.models.configuration import ACTIVATION_NAMES
from packtune.proposals.codes import Cells
from packtune.proposals.encoding import Encoding
from packtune.space.catalog import SPACES
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.space import Space

RECORD = Path(__file__).with_name("digits_sgd.csv")
CONFIGURATIONS = 500
EPOCHS = 10
ACCURACY = "validation"

Values = Mapping[str, Any]
Evaluate = Callable[[Sequence[Values]], list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A space, and what its configurations are worth.

    Attributes:
        make: from a number, what evaluates some configurations at once.
    """

    name: str
    space: Space
    make: Callable[[int], Evaluate]


def _mlp_part(space: Space) -> Space:
    """Take the multilayer perceptrons out of a space, without the choice between architectures."""
    kept = [
        d for d in space.dimensions if d.name != "architecture" and d.when.get("architecture", ("mlp",)) == ("mlp",)
    ]
    return Space(name="sgd-mlp", dimensions=tuple(Dimension(name=d.name, domain=d.domain) for d in kept))


SGD_MLP = _mlp_part(SPACES["sgd"])
SIX = Space(
    name="six",
    dimensions=(
        Dimension(name="learning_rate", domain=FloatRange(low=1e-4, high=1, log=True)),
        Dimension(name="momentum", domain=FloatRange(low=0, high=0.99)),
        Dimension(name="weight_decay", domain=FloatRange(low=1e-6, high=0.1, log=True)),
        Dimension(name="hidden_units", domain=IntRange(low=8, high=512, log=True)),
        Dimension(name="activation", domain=Choices(values=ACTIVATION_NAMES)),
        Dimension(name="batch_size", domain=Choices(values=(16, 32, 64, 128))),
    ),
)


def _places(encoding: Encoding, values: Values) -> dict[str, float]:
    """Give where each value lies in its range, 0 to 1."""
    codes = zip(encoding.names, encoding.columns, encoding.encode(values).tolist(), strict=True)
    return {
        name: float(column.edges[int(c)] + column.edges[int(c) + 1]) / 2 if isinstance(column, Cells) else c
        for name, column, c in codes
        if not math.isnan(c)
    }


def _make_conditional(number: int) -> Evaluate:
    """Make a bowl over the whole of `sgd`: another optimum for each architecture, with slopes between pairs."""
    rng, encoding = np.random.default_rng([77, number]), Encoding(SPACES["sgd"])
    names, branches = encoding.names, ("mlp", "cnn")
    best = {branch: dict(zip(names, rng.uniform(0.15, 0.85, len(names)), strict=True)) for branch in branches}
    steep = {branch: dict(zip(names, rng.uniform(0.3, 2, len(names)), strict=True)) for branch in branches}
    pairs = [("learning_rate", "hidden_units"), ("momentum", "learning_rate"), ("batch_size", "weight_decay")]
    slopes = rng.uniform(-2, 2, len(pairs))
    words = dict(zip((*ACTIVATION_NAMES, *branches), rng.uniform(0, 0.3, len(ACTIVATION_NAMES) + 2), strict=True))

    def cost(values: Values) -> float:
        at, branch = _places(encoding, values), values["architecture"]
        off = {n: x - best[branch][n] for n, x in at.items() if n not in ("architecture", "activation", "nesterov")}
        bowl = sum(steep[branch][name] * x**2 for name, x in off.items())
        tilt = sum(slope * off[a] * off[b] for slope, (a, b) in zip(slopes, pairs, strict=True))
        return bowl + tilt + words[branch] + words[values["activation"]] + 0.1 * (values["nesterov"] == number % 2)

    return lambda configurations: [-cost(values) for values in configurations]


def _make_rugged(number: int) -> Evaluate:
    """Make a curved valley with ripples over six mixed hyperparameters."""
    rng, encoding = np.random.default_rng([78, number]), Encoding(SIX)
    best = dict(zip(encoding.names, rng.uniform(0.2, 0.8, len(encoding.names)), strict=True))
    words = dict(zip(ACTIVATION_NAMES, rng.permutation(np.linspace(0, 0.6, len(ACTIVATION_NAMES))), strict=True))
    batches = dict(zip((16, 32, 64, 128), rng.permutation(4) * 0.1, strict=True))

    def cost(values: Values) -> float:
        at = _places(encoding, values)
        rate, momentum, decay, units = (
            at[name] - best[name] for name in ("learning_rate", "momentum", "weight_decay", "hidden_units")
        )
        valley = 8 * (momentum - 2 * rate**2 + rate / 2) ** 2 + rate**2 + 2 * decay**2 + 1.5 * (units + 0.7 * rate) ** 2
        ripples = 0.03 * sum(1 - math.cos(14 * x) for x in (rate, momentum, decay, units))
        return valley + ripples + words[values["activation"]] + batches[values["batch_size"]]

    return lambda configurations: [-cost(values) for values in configurations]


def _make_recorded(_: int) -> Evaluate:
    forest = surrogate()
    return lambda configurations: forest.predict(np.array([features(v) for v in configurations])).tolist()


@functools.cache
def surrogate() -> Any:
    """Fit a forest to the recorded accuracies."""
    values, accuracies = read_record()
    return make_forest().fit(np.array([features(v) for v in values]), accuracies)


def make_forest() -> Any:
    """Make the forest, not fitted yet."""
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(100, min_samples_leaf=2, random_state=0)


def read_record() -> tuple[list[Values], np.ndarray]:
    """Read the recorded configurations and their validation accuracies [n]."""
    with RECORD.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [_typed(row) for row in rows], np.array([float(row[ACCURACY]) for row in rows])


def _typed(row: dict[str, str]) -> Values:
    words = {"activation": str, "nesterov": lambda text: text == "True"}
    return {name: words.get(name, float)(text) for name, text in row.items() if name != ACCURACY}


def features(values: Values) -> list[float]:
    """Describe a configuration to the forest [features]; what SGD's step comes to is easier to learn from these."""
    step = values["learning_rate"] / (1 - values["momentum"])
    return [
        values["depth"],
        math.log(values["hidden_units"]),
        math.log(values["batch_size"]),
        math.log(values["learning_rate"]),
        values["momentum"],
        math.log(step),
        math.log(step / values["batch_size"]),
        math.log(values["weight_decay"]),
        values["dropout"],
        float(values["nesterov"]),
        *(float(values["activation"] == name) for name in ACTIVATION_NAMES),
    ]


OBJECTIVES = (
    Objective(name="recorded: `sgd` MLPs on digits", space=SGD_MLP, make=_make_recorded),
    Objective(name="made up: conditional, all of `sgd`", space=SPACES["sgd"], make=_make_conditional),
    Objective(name="made up: curved and rugged, six mixed", space=SIX, make=_make_rugged),
)


def record() -> None:
    """Train random configurations and write their validation accuracies."""
    import torch

    from packtune.data.sets.digits import load
    from packtune.dispatch.pack_task import PackTask
    from packtune.models.configuration import Configuration
    from packtune.models.hardware.device import Device
    from packtune.proposals.pack_window import PackStart
    from packtune.proposals.packing import group_proposals, pack_capacity
    from packtune.proposals.random_draws import EvenDraws
    from packtune.trial import Pack, Proposal
    from packtune.worker.pack_run import run_pack

    torch.set_num_threads(1)
    encoding = Encoding(SGD_MLP)
    draws = EvenDraws(encoding, PackStart(seed=0, pack=0, first=0))
    drawn = [encoding.decode(row) for row in draws.others(CONFIGURATIONS, encoding.everywhere)]
    proposals = [Proposal(number=n, configuration=Configuration(**v), seed=n) for n, v in enumerate(drawn)]
    found: dict[int, float] = {}
    for n, group in enumerate(group_proposals(proposals, capacity=functools.partial(pack_capacity, device=Device.CPU))):
        report = run_pack(
            PackTask(pack=Pack(number=n, proposals=group), data="digits", epochs=EPOCHS, batch_seed=1), load()
        )
        for proposal, outcome in zip(group, report.outcomes, strict=True):
            found[proposal.number] = outcome.validation.joint if outcome.validation else 0.0
    with RECORD.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*encoding.names, ACCURACY])
        for n, values in enumerate(drawn):
            cells = (f"{v:.6g}" if isinstance(v, float) else v for v in (values[name] for name in encoding.names))
            writer.writerow([*cells, f"{found[n]:.4f}"])


if __name__ == "__main__":
    record()
