"""What simple methods reach on the user's own data: measured once at the end of a search, and kept beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.data.description import BaselineAccuracy
from packtune.errors import PacktuneError
from packtune.files import write_text
from packtune.models.training.metrics.catalog import Metric

if TYPE_CHECKING:
    from packtune.data.baselines import Baseline
    from packtune.data.dataset import Dataset

FILE = "baselines.json"


def keep_baselines(
    folder: Path, dataset: Dataset, say: Callable[[str], None], metric: Metric = Metric.ACCURACY
) -> None:
    """Measure simple methods, unless that was done before. If it fails, that is said, and nothing is kept.

    Args:
        folder: of the run.
        dataset: that of the run.
        metric: by which they are scored, beside accuracy.
    """
    if read_baselines(folder):
        return
    try:
        found = [_to_json(each) for each in _measure(dataset, metric)]
        write_text(folder / FILE, json.dumps(found, indent=1) + "\n")
    except (ArithmeticError, ValueError, MemoryError, PacktuneError) as error:
        say(f"What simple methods reach is not known: {error}")


def read_baselines(folder: Path) -> tuple[BaselineAccuracy, ...]:
    """Read what was kept in the folder of a run; none if nothing was, or if it is damaged."""
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return tuple(
            BaselineAccuracy(
                name=str(each["name"]),
                validation=float(each["validation"]),
                test=float(each["test"]),
                examples=int(each["examples"]),
                metric=str(each.get("metric", "")),
                validation_score=_number(each.get("validation_score")),
                test_score=_number(each.get("test_score")),
            )
            for each in values
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()


def _to_json(baseline: BaselineAccuracy) -> dict[str, object]:
    return {name: value for name, value in asdict(baseline).items() if value not in (None, "")}


def _number(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _measure(dataset: Dataset, metric: Metric) -> list[BaselineAccuracy]:
    from packtune.data.baselines import logistic_regression, majority  # scikit-learn, which takes a while to load

    inputs = {name: split.inputs.numpy() for name, split in dataset.splits.items()}
    labels = {name: split.labels.numpy() for name, split in dataset.splits.items()}
    found = [majority(labels, dataset.classes), logistic_regression(inputs, labels, dataset.classes)]
    measured = [
        BaselineAccuracy(name=each.name, validation=each.validation, test=each.test, examples=each.examples)
        for each in found
    ]
    if metric is Metric.ACCURACY:
        return measured
    return [_scored(about, each, dataset, metric) for about, each in zip(measured, found, strict=True)]


def _scored(about: BaselineAccuracy, found: Baseline, dataset: Dataset, metric: Metric) -> BaselineAccuracy:
    """Add the scores of a method by a metric."""
    from packtune.models.training.metrics.measure import scores_of

    (validation,), (test,) = (
        scores_of(metric, found.logits(name), split.labels)
        for name, split in (("validation", dataset.validation), ("test", dataset.test))
    )
    return replace(about, metric=metric.value, validation_score=validation, test_score=test)
