"""What was searched, with what and where: pairs of names and values, and the table of the space."""

from __future__ import annotations

from collections.abc import Iterator

from packtune.report.facts.report import ReportFacts
from packtune.report.page.figures import Table
from packtune.report.page.words import count, listed, value_text

Pairs = list[tuple[str, str]]
MOST_CLASSES = 12
"""Classes that are named; of more, the number is told."""


def data_pairs(facts: ReportFacts) -> Pairs:
    """Describe the data set."""
    data = facts.data
    pairs = [("name", data.name), ("what they are", data.format)] if data.format else [("name", data.name)]
    pairs.append((f"{data.examples} in train, validation, test", f"{data.train:,}, {data.validation:,}, {data.test:,}"))
    pairs.append(("shape of one", " x ".join(map(str, data.input_shape))))
    for head in data.heads:
        named = len(head.classes) <= MOST_CLASSES
        pairs.append((f"classes of {head.name}", listed(head.classes) if named else count(len(head.classes), "class")))
    return [*pairs, ("fingerprint", data.fingerprint)] if data.fingerprint else pairs


def settings_pairs(facts: ReportFacts) -> Iterator[tuple[str, str]]:
    """List the settings that decide the result."""
    yield "metric", f"{facts.metric.in_words}: {facts.metric.description}"
    yield "sampler", facts.run.sampler
    yield "seed", str(facts.run.seed)
    yield "epochs", str(facts.run.epochs)
    told = {"metric", "sampler", "seed", "epochs"}
    for setting in facts.settings:
        if setting.name not in told:
            shown = "; ".join(setting.value) if isinstance(setting.value, tuple) else value_text(setting.value)
            yield setting.name.replace("_", " "), shown


def machine_pairs(facts: ReportFacts) -> Pairs:
    """Describe the machine, the versions and the resources."""
    place = facts.place
    pairs = [("machine", place.machine), *place.resources, *place.versions, ("report written", place.written)]
    return [*pairs, ("begun with packtune", place.began_with)] if place.began_with else pairs


def space_tables(facts: ReportFacts) -> list[Table]:
    """Make the table of what could be proposed, and that of what was the same in all trials."""
    space = facts.space
    about = f": {space.description}" if space.description else ""
    tables = []
    if space.dimensions:
        rows = tuple((each.name, each.domain, each.condition or "everywhere") for each in space.dimensions)
        tables.append(
            Table(caption=f"Space {space.name}{about}", heads=("hyperparameter", "values", "where"), rows=rows)
        )
    if facts.fixed:
        fixed = tuple((name, value_text(value)) for name, value in facts.fixed)
        tables.append(Table(caption="The same in all trials", heads=("hyperparameter", "value"), rows=fixed))
    return tables
