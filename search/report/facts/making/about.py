"""What was searched, as facts: the metric, the data and the space."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.data.description import BaselineAccuracy
from packtune.data.files import readable
from packtune.models.training.metrics.catalog import Metric
from packtune.report.facts.about import (
    BaselineFacts,
    DataFacts,
    DimensionFacts,
    HeadFacts,
    MetricFacts,
    SpaceFacts,
)
from packtune.report.facts.making.tried import condition_of
from packtune.report.method import describe_baselines
from packtune.settings import SearchPlan
from packtune.space.space import Space


def metric_facts(metric: Metric) -> MetricFacts:
    """Say by what everything is compared."""
    entry = metric.entry
    return MetricFacts(
        name=metric.value,
        in_words=metric.in_words,
        description=entry.description,
        larger_is_better=entry.larger_is_better,
        highest=entry.highest,
    )


def data_facts(plan: SearchPlan, baselines: Sequence[BaselineAccuracy], *, is_decided: bool) -> DataFacts:
    """Say what is known of the data set.

    Args:
        is_decided: whether the winner is final; only then it is told what simple methods reach on test examples.
    """
    about, own = plan.description, plan.own
    counts = own.counts if own else ()
    return DataFacts(
        name=readable(about.name),
        format=readable(own.format) if own else "",
        examples=about.examples,
        input_shape=about.input_shape,
        heads=tuple(
            HeadFacts(
                name=readable(head.name),
                classes=tuple(map(readable, head.classes)),
                counts=counts[number] if number < len(counts) else (),
            )
            for number, head in enumerate(about.heads)
        ),
        train=about.n_train,
        validation=about.n_validation,
        test=about.n_test,
        fingerprint=about.fingerprint,
        notes=tuple(map(readable, own.notes)) if own else (),
        baselines=tuple(_baseline(each, about.n_train, plan.metric) for each in baselines) if is_decided else (),
    )


def _baseline(baseline: BaselineAccuracy, n_train: int, metric: Metric) -> BaselineFacts:
    """Give what a simple method reaches: its scores by the metric of the run, where it was scored by it."""
    validation, test = baseline.validation, baseline.test
    if metric is not Metric.ACCURACY and baseline.validation_score is not None and baseline.test_score is not None:
        validation, test = baseline.validation_score, baseline.test_score
    return BaselineFacts(
        name=baseline.name,
        in_words=describe_baselines([baseline], n_train=n_train),
        validation=validation,
        test=test,
    )


def space_facts(space: Space) -> SpaceFacts:
    """Say what may be tried."""
    return SpaceFacts(
        name=readable(space.name),
        description=readable(space.description),
        dimensions=tuple(
            DimensionFacts(name=each.name, domain=readable(str(each.domain)), condition=readable(condition_of(each)))
            for each in space.dimensions
        ),
        listed=len(space.listed),
    )
