"""What the notebook published, beside what came out when its systems were trained again."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from packtune.data.catalog import DATASETS
from packtune.models.scratch import TEST_POINTS, ScratchNetwork
from packtune.protocol import NOTEBOOK_SEED
from packtune.reproduction.notebook import NUMPY, REPLICATES, SYSTEMS, Published, System, spaces_of
from packtune.trial import Accuracy, TrialRecord, TrialState

NUMPY_PREDICTIONS = (7.0384532, 14.04281483, 21.04717646, 35.05589972, 70.07770787)
NUMPY_TOLERANCE = 5e-8  # half of the last digit that is printed for each
DEVIATIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A published number, or a validation and a test accuracy, beside ours.

    Attributes:
        output: the head, or the NumPy network's point.
        published, measured: accuracies on (validation, test), 0 to 1; of the NumPy network (none, prediction).
            `measured` is from the notebook's seed, and none while nothing is trained.
        both: our share of images with every head right, on (validation, test), where there are several heads.
        seeds: number of trials in `mean` and `deviation`.
        mean, deviation: of our accuracies on (validation, test), where there is more than one seed.
        criterion: what counts as reproduced, in words.
        reproduced: whether the criterion holds; none while nothing is trained.
        published_runtime: as the notebook prints it.
        seconds: of our training and validation.
        device: on which we trained.
        precision: of our large products; empty for the NumPy network, which computes in float64.
    """

    system: str
    configuration: str
    output: str
    published: tuple[float | None, float]
    measured: tuple[float | None, float] | None
    both: tuple[float, float] | None = None
    seeds: int = 0
    mean: tuple[float, float] | None = None
    deviation: tuple[float, float] | None = None
    criterion: str
    reproduced: bool | None
    published_runtime: str = ""
    seconds: float | None = None
    device: str = ""
    precision: str = ""
    remark: str = ""

    @property
    def difference(self) -> tuple[float | None, float | None]:
        """Ours minus the published, on (validation, test)."""
        if self.measured is None:
            return None, None
        pairs = zip(self.measured, self.published, strict=True)
        validation, test = (None if ours is None or theirs is None else ours - theirs for ours, theirs in pairs)
        return validation, test


def compare_numpy() -> list[Comparison]:
    """Train the NumPy network, which takes milliseconds, and compare its predictions."""
    network = ScratchNetwork()
    network.train()
    comparisons = []
    for point, published in zip(TEST_POINTS, NUMPY_PREDICTIONS, strict=True):
        prediction = network.predict(point)
        comparisons.append(
            Comparison(
                system=NUMPY,
                configuration="baseline",
                output=f"({point[0]:g}, {point[1]:g})",
                published=(None, published),
                measured=(None, prediction),
                criterion="to the printed digits",
                reproduced=abs(prediction - published) < NUMPY_TOLERANCE,
                device="cpu",
            )
        )
    return comparisons


def compare(name: str, records: Mapping[str, Sequence[TrialRecord]], precision: str = "") -> list[Comparison]:
    """Compare a system's trials with what was published: a comparison for each configuration and output.

    Args:
        name: a key of `SYSTEMS`.
        records: the trials of the system's spaces, by the space's name.
        precision: that they were trained in.
    """
    system = SYSTEMS[name]
    trials = [record for space, _ in spaces_of(system) for record in records.get(space.name, ())]
    found = [
        _compare_output(system, label, published, index, head, _complete(trials, published))
        for label, published in system.rows.items()
        for index, head in enumerate(DATASETS[system.data].description.head_names)
    ]
    return [replace(comparison, precision=precision) for comparison in found]


def _complete(trials: Sequence[TrialRecord], published: Published) -> list[TrialRecord]:
    """Give the complete trials of a configuration, one for each seed, the notebook's own first."""
    by_seed: dict[int, TrialRecord] = {}
    for record in trials:
        values = record.proposal.configuration.as_dict()
        if record.state is TrialState.COMPLETE and all(values[key] == v for key, v in published.values.items()):
            by_seed.setdefault(record.proposal.seed, record)
    return [by_seed[seed] for seed in sorted(by_seed)]


def _compare_output(
    system: System, label: str, published: Published, index: int, head: str, trials: Sequence[TrialRecord]
) -> Comparison:
    accuracies = [_accuracies(record, index) for record in trials]
    several = len(accuracies) > 1
    theirs = published.validation[index], published.test[index]
    first = trials[0].outcome if trials and trials[0].proposal.seed == NOTEBOOK_SEED else None
    ours = accuracies[0] if first else None
    mean = _by_split(accuracies, statistics.fmean) if several else None
    deviation = _by_split(accuracies, statistics.stdev) if several else None
    return Comparison(
        system=system.name,
        configuration=label,
        output=head,
        published=theirs,
        measured=ours,
        both=_joint(first.validation, first.test) if first and len(published.validation) > 1 else None,
        seeds=len(trials),
        mean=mean,
        deviation=deviation,
        criterion=(
            f"within {DEVIATIONS} standard deviations of the mean over {REPLICATES} seeds"
            if published.drifts
            else f"within {system.tolerance:g}"
        ),
        reproduced=_is_reproduced(system, published.drifts, theirs, ours, mean, deviation),
        published_runtime=published.runtime,
        seconds=first.seconds if first else None,
        device=first.device if first else "",
        remark=system.remark,
    )


def _accuracies(record: TrialRecord, index: int) -> tuple[float, float]:
    outcome = record.outcome
    assert outcome and outcome.validation and outcome.test
    return outcome.validation.heads[index], outcome.test.heads[index]


def _joint(validation: Accuracy | None, test: Accuracy | None) -> tuple[float, float]:
    assert validation and test
    return validation.joint, test.joint


def _by_split(
    accuracies: Sequence[tuple[float, float]], function: Callable[[Sequence[float]], float]
) -> tuple[float, float]:
    validation, test = zip(*accuracies, strict=True)
    return function(validation), function(test)


def _is_reproduced(
    system: System,
    drifts: bool,
    theirs: tuple[float, float],
    ours: tuple[float, float] | None,
    mean: tuple[float, float] | None,
    deviation: tuple[float, float] | None,
) -> bool | None:
    if ours is None:
        return None
    if not drifts:
        # Half a digit more than the tolerance: the published numbers are rounded to six.
        return all(abs(a - b) <= system.tolerance + 5e-7 for a, b in zip(ours, theirs, strict=True))
    if mean is None or deviation is None:
        return None
    return all(abs(b - m) <= DEVIATIONS * sd for b, m, sd in zip(theirs, mean, deviation, strict=True))
