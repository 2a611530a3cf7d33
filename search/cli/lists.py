"""The commands that list what there is: `spaces` and `datasets`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import (
    Group,
    ImageSize,
    Json,
    Target,
    TestShare,
    ValidationShare,
    own_data_options,
)
from packtune.report.console import error_console, print_result, width_of_stdout
from packtune.report.fitting import wrap, write_list, write_table

if TYPE_CHECKING:
    from packtune.run.planning import OwnDataOptions
    from packtune.space.space import Space

SPACES_EXAMPLE = "Example: packtune spaces --example > my-space.toml"
DATASETS_EXAMPLE = "Example: packtune datasets iris.csv --target species"


def spaces(
    example: Annotated[bool, typer.Option("--example", help="Print a space of your own to start from.")] = False,
    hyperparameters: Annotated[
        bool, typer.Option("--hyperparameters", help="Print every hyperparameter with its range.")
    ] = False,
    json: Json = False,
) -> None:
    """List the spaces, or what a space of your own may contain."""
    with errors_shown():
        from packtune.space.builtin.notebook import NOTEBOOK_SPACES
        from packtune.space.catalog import SPACES
        from packtune.space.file import EXAMPLE

        if example:
            print_result(EXAMPLE, end="")
        elif json:
            print_result(_spaces_as_json(hyperparameters))
        elif hyperparameters:
            _print_hyperparameters()
        else:
            for space in (SPACES | NOTEBOOK_SPACES).values():
                _print_space(space)


def _spaces_as_json(hyperparameters: bool) -> str:
    from packtune.report.looking.catalogs import known_hyperparameters, known_spaces
    from packtune.report.looking.plain import to_json

    return to_json(known_hyperparameters() if hyperparameters else known_spaces())


def _print_hyperparameters() -> None:
    from packtune.models.configuration import HYPERPARAMETERS

    rows = [(n, h.allowed, h.where, h.help) for n, h in HYPERPARAMETERS.items()]
    print_result(write_list(["hyperparameter", "allowed", "used by", "meaning"], rows, width_of_stdout()))


def _print_space(space: Space) -> None:
    size = f"{len(space.enumerate())} configurations" if space.is_enumerable else "continuous"
    print_result(wrap(f"{space.name}: {space.description} ({size})", width_of_stdout()))
    for dimension in space.dimensions:
        when = "".join(f"  where {key} = {', '.join(map(str, allowed))}" for key, allowed in dimension.when.items())
        print_result(wrap(f"    {dimension.name:14} {dimension.domain}{when}", width_of_stdout()))


def datasets(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PATH", help="A file or folder of your own, as `packtune run --data` takes it."),
    ] = None,
    target: Target = None,
    group: Group = None,
    validation_share: ValidationShare = None,
    test_share: TestShare = None,
    image_size: ImageSize = None,
    json: Json = False,
) -> None:
    """List the data sets; or show what a search would find in data of your own, without searching."""
    with errors_shown():
        if path is None:
            _list_datasets(json)
            return
        _show_data(path, own_data_options(target, group, validation_share, test_share, image_size), json)


def _show_data(path: Path, options: OwnDataOptions, json: bool) -> None:
    from packtune.interface.inspection import inspect_data
    from packtune.report.live.views import view_for
    from packtune.report.looking.plain import to_json

    with closing(view_for(error_console())) as view:
        found = inspect_data(path, options, view)
    if json:
        print_result(to_json(found))
        return
    for line in found.lines:
        print_result(wrap(line, width_of_stdout()))
    print_result("")
    print_result(write_table(found.headers, found.rows, sides=["left", "left", *["right"] * 4]))


def _list_datasets(json: bool) -> None:
    from packtune.data.catalog import DATASETS
    from packtune.report.looking.catalogs import known_datasets
    from packtune.report.looking.plain import to_json

    if json:
        print_result(to_json(known_datasets()))
        return
    headers = ["data set", "pixels", "train", "validation", "test", "files", "what it is"]
    rows = [
        (
            name,
            " x ".join(map(str, e.description.input_shape[1:])),
            e.description.n_train,
            e.description.n_validation,
            e.description.n_test,
            "yes" if e.needs_files else "no",
            e.summary,
        )
        for name, e in DATASETS.items()
    ]
    print_result(write_list(headers, rows, width_of_stdout()))
