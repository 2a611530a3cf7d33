"""Options of `run` and `resume` that decide the result, and those that stay as before."""

from __future__ import annotations

from typing import Annotated

import typer

from packtune.cli.looking.completion import complete_runs
from packtune.cli.parsing import number, whole_number
from packtune.run.given.further import ExtensionOptions
from packtune.settings import Preference

ProtocolName = Annotated[
    str | None,
    typer.Option(
        metavar="search|notebook",
        help="How trials are trained; notebook: one order of the images and one draw of the initial weights for "
        "all. [default: notebook for mini-grid and grid]",
    ),
]
Replicates = Annotated[
    int | None,
    typer.Option(
        parser=whole_number,
        metavar="N",
        help="Trainings of the winner that give its score. Of a list of configurations: trials of each too; a "
        "row shows their mean, in which a trial that diverged counts as 0. [default: a rule; 1 of each of a list]",
    ),
]
Prefer = Annotated[
    str,
    typer.Option(
        metavar="|".join(Preference), help="Which of the finalists wins that cannot be told apart from the best."
    ),
]
PackSize = Annotated[
    str,
    typer.Option(
        metavar="auto|N",
        help="The largest number of trials trained at once in one set of matrix products. auto: by a rule of each "
        "shape; fewer where a worker would otherwise stand idle, as timed on this machine.",
    ),
]
Lookahead = Annotated[
    int | None,
    typer.Option(
        parser=whole_number,
        metavar="N",
        help="How many packs may be asked for and not yet told: so many can train at once. The leaderboard depends "
        "on it if trials learn from others. [default: --workers, or as many as there is room for, at most a "
        "quarter of the trials if they learn; at least 4]",
    ),
]
StopAt = Annotated[
    float | None,
    typer.Option(
        "--stop-at",
        parser=number,
        metavar="SCORE",
        help="End the search once a winner has this score on validation, such as 0.99, over its trainings from fresh "
        "seeds. Trials look for one when 3 of them reach it, and again when twice as many do.",
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(parser=whole_number, metavar="N", help="End the search when the last N trials brought no better one."),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUES",
        help="Narrow, fix or add a hyperparameter of the space: learning_rate=0.001..0.01:log, batch_size=32,64 or "
        "activation=relu; may be repeated. `packtune spaces --hyperparameters` lists them.",
    ),
]
Try = Annotated[
    list[str] | None,
    typer.Option(
        "--try",
        metavar="FILE|NAME=VALUE,...",
        help="Train known-good configurations first: learning_rate=0.01,hidden_units=64, or those in a TOML, JSON or "
        "CSV file, such as a leaderboard.csv or a winner.toml; may be repeated.",
    ),
]
From = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="RUN",
        autocompletion=complete_runs,
        help="Start from what an earlier run learnt: its finalists are tried first; on the same data, trained alike, "
        "tpe and gp know its trials. May be repeated.",
    ),
]
FurtherSet = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUES",
        help="Of a finished run: narrow its space for further trials, as of `run`; may be repeated.",
    ),
]
CpusAsBefore = Annotated[
    float | None, typer.Option(parser=number, metavar="X", help="CPUs of each worker. [default: as before]")
]
GpusAsBefore = Annotated[
    float | None, typer.Option(parser=number, metavar="X", help="GPUs of each worker. [default: as before]")
]
FailuresAsBefore = Annotated[
    int | None,
    typer.Option(
        parser=whole_number, metavar="N", help="Times a pack whose worker died is trained again. [default: as before]"
    ),
]


def further_options(
    changes: list[str] | None,
    tries: list[str] | None,
    runs: list[str] | None,
    stop_at: float | None,
    patience: int | None,
) -> ExtensionOptions:
    """Gather what both commands may be given for their trials."""
    return ExtensionOptions(set=changes, tries=tries, from_runs=runs, stop_at=stop_at, patience=patience)
