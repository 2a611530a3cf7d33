"""The model card: what an exported file is, how good it is, how it came about and how it is used. In Markdown.

Its parts follow Mitchell et al., Model Cards for Model Reporting, 2019.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from packtune.data.description import Description
from packtune.data.files import readable
from packtune.interface.exports.exported import Exported
from packtune.interface.exports.loading import code_of, notes_of
from packtune.models.exports.catalog import FORMATS
from packtune.report.escaping import escape_markdown
from packtune.report.words import describe_winner

MOST_CLASSES = 20


def describe(exported: Exported) -> str:
    """Write the model card of an exported file."""
    model, ending, again = exported.model, exported.ending, exported.run.command("best")
    about = f"This file is {FORMATS[ending].title}, written by packtune {version('packtune')}: {exported.what}."
    network = exported.run.settings.plan.network
    code = code_of(model, exported.path.name, ending, None if network is None else network.file)
    parts = [
        f"# {escape_markdown(exported.path.name)}",
        about,
        f"## Use\n\n```python\n{code}\n```",
        *_items(notes_of(model, ending)),
        f"## Data\n\n{_table(_data(exported))}",
        f"## How good it is\n\n{_list(_accuracies(exported))}",
        f"## How it was chosen\n\n{_list(_chosen(exported))}",
        f"## Configuration\n\n{_table(_configuration(exported))}",
        f"## Made with\n\n{_table(_versions(exported))}",
        f"To look at the search again, or to export another network of it:\n\n    {readable(again)}",
    ]
    return "\n\n".join(parts) + "\n"


def _data(exported: Exported) -> list[tuple[str, str]]:
    plan, data = exported.run.settings.plan, exported.winner.row.data
    kind = "built in" if plan.own is None else plan.own.format
    rows = [
        ("data set", f"{data.name} ({kind})"),
        ("one example", _example(data)),
        ("for training", f"{data.n_train:,}"),
        ("for validation", f"{data.n_validation:,}"),
        ("for the test", f"{data.n_test:,}"),
    ]
    return rows + [(f"classes of {head.name}", _classes(head.classes)) for head in data.heads]


def _example(data: Description) -> str:
    if not data.is_images:
        return f"a row of a table, {data.inputs:,} numbers once it is prepared"
    channels, height, width = data.input_shape
    return f"an image of {height} x {width} pixels (height x width), {channels} channel{'s' * (channels > 1)}"


def _classes(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_CLASSES
    return f"{len(names):,}: {', '.join(names[:MOST_CLASSES])}{f' and {more:,} more' if more > 0 else ''}"


def _accuracies(exported: Exported) -> list[str]:
    said = [
        exported.score_in_words,
        "The interval is of the test examples alone, and of examples like them.",
        "It names one of its classes for every example, also for one that belongs to none.",
    ]
    model = exported.model
    if exported.choice.retrain:
        said.append("It has learned from the validation examples too, so there is no validation score.")
    elif model.validation_accuracy is not None:
        mean = ", the mean of its networks" * bool(model.members)
        said.append(
            f"Validation accuracy {model.validation_accuracy:.4f}{mean}: optimistic, as it took part in the choice."
        )
    if exported.agreement is not None:
        said.append(
            f"The file was run on {exported.agreement.examples:,} test examples: all labels are those of the network "
            f"in PyTorch, and logits differ by at most {exported.agreement.difference:.0e}."
        )
    return said


def _chosen(exported: Exported) -> list[str]:
    """Say how the configuration was chosen, without the score of a network: that of this one stands elsewhere."""
    winner = exported.winner
    if winner.verdict is not None:
        winner = replace(winner, verdict=replace(winner.verdict, best_test=None))
    return describe_winner(winner).splitlines()


def _configuration(exported: Exported) -> list[tuple[str, str]]:
    used = exported.winner.row.configuration.used()
    return [(name, _value(value)) for name, value in used.items()]


def _value(value: object) -> str:
    """Write a value for people; the file itself has all digits."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _versions(exported: Exported) -> list[tuple[str, str]]:
    model, packages = exported.model, FORMATS[exported.ending].packages
    names = ["packtune", "torch", "numpy", *(packages.names if packages else ())]
    seeds = ", ".join(map(str, model.members or (model.seed,)))
    return [
        ("run", exported.run.folder.name),
        ("trial", str(model.trial)),
        ("seed of the search", str(exported.run.settings.plan.seed)),
        ("seeds of the initial weights" if model.members else "seed of the initial weights", seeds),
        ("epochs", f"{model.epochs:,}"),
        ("Python", platform.python_version()),
        *((name, _version(name)) for name in names),
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not known"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = [f"| {escape_markdown(name)} | {escape_markdown(value)} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *cells])


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape_markdown(line.strip())}" for line in lines)


def _items(lines: list[str]) -> list[str]:
    return [_list(lines)] if lines else []
