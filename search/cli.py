"""The command line. Results go to stdout, talk to stderr; an error that the user can mend exits with 2."""

from __future__ import annotations

import csv
import dataclasses
import io
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import DataError
from search.console import error_console, print_text, program
from search.errors import PacktuneError, SettingsError
from search.options import (
    STORAGE_VARIABLE,
    Address,
    CheckpointInterval,
    CpusPerWorker,
    DataDir,
    Device,
    GpusPerWorker,
    MaxFailures,
    PrecisionOption,
    Results,
    RunName,
    Storage,
    TimeBudget,
    Verbose,
    Workers,
    check_replicates,
    count_trials,
    given,
    parse_pack_size,
    parse_protocol,
)
from search.storage_url import HIDDEN, make_absolute

if TYPE_CHECKING:
    from rich.console import Console

    from search.leaderboard import Row
    from search.run import Ending
    from search.run_folder import Run

ADVICE = "Run `packtune COMMAND --help` for the options and examples of a command."

app = typer.Typer(
    name="packtune",
    help="Search the hyperparameters of small neural networks, many at a time, and find a winner to trust.",
    epilog=ADVICE,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from search.machine import describe_machine

        print(f"packtune {version('packtune')} on {describe_machine()}")
        raise typer.Exit


@app.callback()
def packtune(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version, the machine and the libraries, as a report of a fault wants them.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Come before every command."""


RUN_EXAMPLES = """Examples:

  packtune run                                               32 trials on scanned digits, under a minute

  packtune run --data mnist --space mini-grid                the reference notebook's ten configurations

  packtune run --data mnist --trials 200 --workers 4 --name wide-200

  packtune run --space my-space.toml --sampler random        see `packtune spaces --example`
"""


@app.command(epilog=RUN_EXAMPLES)
def run(
    data: Annotated[str, typer.Option(help="Data set; `packtune datasets` lists them.")] = "digits",
    data_dir: DataDir = None,
    space: Annotated[str, typer.Option(help="Space, or a FILE.toml; `packtune spaces` lists them.")] = "wide",
    sampler: Annotated[
        str | None,
        typer.Option(help="grid, random, tpe, qmc, gp or cmaes. [default: grid if the space is a list, else tpe]"),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Configurations to try. [default: all of a list, else 32]")] = None,
    epochs: Annotated[int, typer.Option(help="Epochs of full training.")] = 10,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the whole search. [default: 0; the notebook's 12321 in its protocol]")
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="search|notebook",
            help="How trials are trained; notebook: one order of the images and one draw of the initial weights for "
            "all. [default: notebook for mini-grid and grid]",
        ),
    ] = None,
    replicates: Annotated[
        int,
        typer.Option(
            help="Trials of each configuration of a list, from fresh seeds; its row shows their mean, "
            "in which one that diverged counts as 0."
        ),
    ] = 1,
    pack_size: Annotated[
        str,
        typer.Option(
            metavar="auto|N",
            help="Trials trained at once in one set of matrix products, at most. auto: as many as are worth it, by a "
            "rule of each shape; fewer, as is timed on this machine, where a worker would else stand idle.",
        ),
    ] = "auto",
    halving: Annotated[
        bool | None,
        typer.Option("--halving/--no-halving", help="Stop the worse trials early. [default: not for a list]"),
    ] = None,
    workers: Workers = None,
    lookahead: Annotated[
        int | None,
        typer.Option(
            help="Packs asked for before the first of them is told: so many can train at once, and the leaderboard "
            "depends on it if trials learn from others. [default: --workers, or as many as there is room for, up to a "
            "quarter of the trials if they learn; at least 4]"
        ),
    ] = None,
    cpus_per_worker: CpusPerWorker = 1.0,
    gpus_per_worker: GpusPerWorker = None,
    device: Annotated[Device, typer.Option(help="Where packs are trained.")] = Device.AUTO,
    precision: Annotated[
        PrecisionOption,
        typer.Option(help="Numbers of the large products; auto: the fastest on the hardware at hand."),
    ] = PrecisionOption.FLOAT32,
    address: Address = None,
    max_failures: MaxFailures = None,
    checkpoint_interval: CheckpointInterval = None,
    storage: Storage = None,
    name: Annotated[str | None, typer.Option(help="Name of the run. [default: DATA-SPACE-001, -002, ...]")] = None,
    results: Results = Path("results"),
    time_budget: TimeBudget = None,
    verbose: Verbose = False,
) -> None:
    """Search a space: train its trials in packs, and write a leaderboard."""
    with _errors():
        from search.protocol import NOTEBOOK_SEED, Protocol
        from search.run_folder import Run, RunFolder, create_run, name_stem
        from search.samplers import check_sampler
        from search.settings import AUTO, Settings
        from search.spaces import load_space

        found = load_space(space)
        enumerated = found.is_enumerable
        sampler = sampler or ("grid" if enumerated else "tpe")
        check_sampler(sampler, found)
        check_replicates(replicates, sampler, halving=bool(halving))
        chosen = parse_protocol(protocol, found.protocol)
        stem = name_stem(f"{data}-{Path(space).stem}")
        settings = Settings(
            name=stem if name is None else name,
            data=data,
            data_dir=data_dir.absolute() if data_dir else None,
            space=space,
            sampler=sampler,
            trials=count_trials(trials, len(found.enumerate()) * replicates if sampler == "grid" else None),
            replicates=replicates,
            epochs=epochs,
            seed=(NOTEBOOK_SEED if chosen is Protocol.NOTEBOOK else 0) if seed is None else seed,
            protocol=chosen,
            **parse_pack_size(pack_size),
            halving=not enumerated if halving is None else halving,
            workers=workers,
            cpus_per_worker=cpus_per_worker,
            gpus_per_worker=gpus_per_worker,
            device=device.value,
            precision=precision.value,
            address=address,
            storage=make_absolute(storage) if storage else None,
            time_budget_s=time_budget,
            lookahead=AUTO if lookahead is None else lookahead,
            **given(max_failures=max_failures, checkpoint_interval_s=checkpoint_interval),
        )
        if name is None:
            folder, settings = create_run(results, stem, settings)
        else:
            folder = RunFolder(results, name)
            settings = folder.create(settings)
        _search(Run(folder=folder, settings=settings, space=found, new=True), verbose=verbose)


RESUME_EXAMPLES = """Examples:

  packtune resume digits-wide-001 --workers 4                go on after a stop or a crash

  packtune resume digits-wide-001 --trials +32               try 32 more configurations

  packtune resume digits-wide-001 --epochs 30                train the complete ones again, three times as long
"""


@app.command(epilog=RESUME_EXAMPLES)
def resume(
    context: typer.Context,
    run: RunName,
    trials: Annotated[str | None, typer.Option(metavar="+N", help="Try N more configurations; or a new total.")] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Train longer: a finished run's complete configurations are tried again, as new trials."),
    ] = None,
    results: Results = Path("results"),
    data_dir: DataDir = None,
    workers: Workers = None,
    cpus_per_worker: Annotated[float | None, typer.Option(help="CPUs of each worker. [default: as before]")] = None,
    gpus_per_worker: Annotated[float | None, typer.Option(help="GPUs of each worker. [default: as before]")] = None,
    address: Address = None,
    max_failures: Annotated[
        int | None, typer.Option(help="Times a pack whose worker died is trained again. [default: as before]")
    ] = None,
    storage: Storage = None,
    time_budget: TimeBudget = None,
    verbose: Verbose = False,
) -> None:
    """Continue a run that was stopped or killed, nothing lost or done twice; or extend one."""
    with _errors():
        from search.run_folder import RunFolder

        found = _with_storage(RunFolder.find(results, run).load(), storage, asked=_is_asked(context))
        changes = given(
            data_dir=data_dir.absolute() if data_dir else None,
            workers=workers,
            cpus_per_worker=cpus_per_worker,
            gpus_per_worker=gpus_per_worker,
            max_failures=max_failures,
        )
        # A cluster and a budget are of one sitting only.
        settings = found.settings.on_workers(**changes, address=address, time_budget_s=time_budget)
        found = dataclasses.replace(found, settings=settings)
        if trials is not None or epochs is not None:
            from search.extension import extend_run

            found = extend_run(found, trials=trials, epochs=epochs)
        _search(found, verbose=verbose)


@app.command(epilog="Example: packtune reproduce --only numpy hidden-10 --data-dir mnist")
def reproduce(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME ...", help="Some systems: numpy, hidden-10, cnn ... [default: all]"),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", hidden=True)] = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    cpus_per_worker: CpusPerWorker = 1.0,
    gpus_per_worker: GpusPerWorker = None,
    device: Annotated[Device, typer.Option(help="Where packs are trained.")] = Device.AUTO,
    precision: Annotated[
        PrecisionOption | None,
        typer.Option(help="Numbers of the large products. [default: auto for the cnns, else float32]"),
    ] = None,
    address: Address = None,
    results: Results = Path("results"),
    time_budget: TimeBudget = None,
) -> None:
    """Train the reference notebook's systems, and compare with its published numbers; again to continue."""
    with _errors():
        from search.notebook import NAMES, NUMPY
        from search.reproduction import reproduction_runs
        from search.settings import AUTO, Settings

        names = _check_names([*(only or []), *(more or [])], NAMES)
        how = Settings(
            name="reproduce",
            data_dir=data_dir.absolute() if data_dir else None,
            workers=workers,
            cpus_per_worker=cpus_per_worker,
            gpus_per_worker=gpus_per_worker,
            device=device.value,
            address=address,
            time_budget_s=time_budget,
            lookahead=AUTO,
        )
        trained = [name for name in names if name != NUMPY]
        runs = reproduction_runs(trained, results, how, precision.value if precision else None)
        console = error_console()
        with _run_all(runs, console) as endings:
            _print_reproduction(names, runs, endings, results, console)


@app.command(epilog="Example: packtune leaderboard digits-wide-001 digits-grid-001 --format csv > both.csv")
def leaderboard(
    context: typer.Context,
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Names of runs, or their folders.")],
    results: Results = Path("results"),
    format: Annotated[str, typer.Option(help="screen, csv or markdown.")] = "screen",
    limit: Annotated[int, typer.Option(min=1, help="Rows to show on the screen.")] = 20,
    storage: Storage = None,
) -> None:
    """Print the leaderboard of one run, or of several in one table."""
    with _errors():
        asked = _is_asked(context)
        found = [_find_run(results, name, storage, asked=asked) for name in dict.fromkeys(runs)]
        from search.leaderboard import order_rows, to_csv, to_frame, to_markdown, to_screen

        writers: dict[str, Callable[[Any], str]] = {
            "screen": lambda frame: to_screen(frame, limit=limit, width=_width()) + "\n",
            "csv": to_csv,
            "markdown": to_markdown,
        }
        if format not in writers:
            from search.errors import suggest_name

            raise SettingsError(f"unknown format {format!r}.{suggest_name(format, writers)}")
        rows = order_rows(row for each in found for row in _rows(each))
        sys.stdout.write(writers[format](to_frame(rows, several_runs=len(found) > 1)))
        if not rows:
            print_text(error_console(), "No trial has finished yet.")


@app.command(epilog="Example: packtune best digits-wide-001 --export digits.pt")
def best(
    context: typer.Context,
    run: RunName,
    results: Results = Path("results"),
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the trained model to this file.")] = None,
    storage: Storage = None,
) -> None:
    """Print the winner and how to train it again; write its trained model with --export."""
    with _errors():
        from search.export import export_model
        from search.files import write_text
        from search.winner import describe_winner, retrain_command, space_of, winner_of

        found = _find_run(results, run, storage, asked=_is_asked(context))
        folder, settings = found.folder, found.settings
        winner = winner_of(_rows(found), settings)
        if export is not None and export.is_dir():
            raise SettingsError(f"cannot export to {export}, which is a folder: give the name of a file")
        if winner is None:
            raise SettingsError(
                f"the run {folder.name!r} has no complete trial yet: continue it with `{folder.command('resume')}`"
            )
        print(describe_winner(winner))
        configuration = space_of(winner.row)
        if not folder.winner_space.exists() or folder.winner_space.read_text(encoding="utf-8") != configuration:
            with suppress(PacktuneError):  # of another user's run, perhaps
                write_text(folder.winner_space, configuration)  # a search that was killed could not
        print(f"\n{configuration.rstrip()}\n\nTrain it again, from fresh seeds:")
        print(f"  {retrain_command(folder, settings)}")
        if export is not None:
            export_model(folder, settings, winner.row, export, talk=partial(print_text, error_console()))
            print(f"\nWrote {export}: use it with `{program()} predict {shlex.quote(str(export))} IMAGES`")


@app.command(epilog="Example: packtune predict digits.pt scans.npz > labels.csv")
def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model file from `packtune best --export`.")],
    images: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGES",
            help="Light digits on a dark ground, 28 x 28: `.npz` with uint8 images [n, h, w], IDX, a PNG or a folder "
            "of them.",
        ),
    ],
) -> None:
    """Label images with a trained model; writes CSV to stdout."""
    with _errors():
        import torch

        from data.images import read_images
        from models.model_file import ModelFileError, model_from_bytes
        from search.escaping import defuse_formula

        try:
            model = model_from_bytes(_read_bytes(file), source=str(file))
            batch = read_images(images)
            labels = model.predict(torch.tensor(batch.images))
        except (ModelFileError, ValueError) as error:
            raise SettingsError(str(error)) from error
        if batch.is_dark_on_light:
            print_text(
                error_console(),
                "The images look dark on light, and models are trained on light digits on a dark ground: if so, "
                "predict from 255 minus each pixel.",
            )
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["image", *map(defuse_formula, model.head_names)])
        writer.writerows([defuse_formula(name), *row] for name, row in zip(batch.names, labels.tolist(), strict=True))
        sys.stdout.write(text.getvalue())


@app.command(epilog="Example: packtune spaces --example > my-space.toml")
def spaces(
    example: Annotated[bool, typer.Option("--example", help="Print a space of your own to start from.")] = False,
    hyperparameters: Annotated[
        bool, typer.Option("--hyperparameters", help="Print every hyperparameter with its range.")
    ] = False,
) -> None:
    """List the spaces, or what a space of your own may contain."""
    with _errors():
        from tabulate import tabulate

        from models.configuration import HYPERPARAMETERS
        from search.space_file import EXAMPLE
        from search.spaces import NOTEBOOK_SPACES, SPACES

        if example:
            sys.stdout.write(EXAMPLE)
        elif hyperparameters:
            rows = [(n, h.allowed, ", ".join(h.only_for) or "all", h.help) for n, h in HYPERPARAMETERS.items()]
            print(tabulate(rows, headers=["hyperparameter", "allowed", "used by", "meaning"]))
        else:
            for space in (SPACES | NOTEBOOK_SPACES).values():
                size = f"{len(space.enumerate())} configurations" if space.is_enumerable else "continuous"
                print(f"{space.name}: {space.description} ({size})")
                for dimension in space.dimensions:
                    when = "".join(
                        f"  where {key} = {', '.join(map(str, allowed))}" for key, allowed in dimension.when.items()
                    )
                    print(f"    {dimension.name:14} {dimension.domain}{when}")


@app.command()
def datasets() -> None:
    """List the data sets."""
    with _errors():
        from tabulate import tabulate

        from data.catalog import DATASETS

        rows = [
            (
                name,
                f"{e.height} x {e.width}",
                e.n_train,
                e.n_validation,
                e.n_test,
                "yes" if e.needs_files else "no",
                e.description,
            )
            for name, e in DATASETS.items()
        ]
        print(tabulate(rows, headers=["data set", "pixels", "train", "validation", "test", "files", "what it is"]))


def main() -> None:
    """Run the command line."""
    app()


def _search(run: Run, *, verbose: bool) -> None:
    console = error_console()
    print_text(console, f"Run {run.folder.name} in {run.folder.path}")
    with _run_all([run], console, verbose=verbose) as endings:
        _print_ending(run, endings[0], console)


@contextmanager
def _run_all(runs: Sequence[Run], console: Console, *, verbose: bool = False) -> Iterator[list[Ending]]:
    """Run what is not complete yet; Ray starts only if there is such a run, and ends after the results are printed."""
    if not all(run.new for run in runs):
        from search.run import read_ending

        endings = {run.folder.name: read_ending(run) for run in runs if not run.new}
    else:
        endings = {}
    todo = [run for run in runs if run.new or endings[run.folder.name].open_trials]
    with ExitStack() as stack:
        if todo:
            from search.connection import connection
            from search.startup import quick_imports

            opened = stack.enter_context(connection(todo[0].settings))
            with quick_imports():
                from search.run import run_searches  # PyTorch takes seconds to import, and so does Ray to start

            for run, ending in zip(todo, run_searches(todo, console, opened, verbose=verbose), strict=True):
                endings[run.folder.name] = ending
        yield [endings[run.folder.name] for run in runs]


def _print_ending(run: Run, ending: Ending, console: Console) -> None:
    from search.leaderboard import to_frame, to_screen
    from search.winner import describe_winner

    folder = run.folder
    if ending.rows:
        print(to_screen(to_frame(ending.rows), width=_width()))
        print(f"\nThe full table: {folder.leaderboard_csv} and {folder.leaderboard_md}")
        shorter = run.settings.trials - ending.open_trials - sum(row.replicates for row in ending.rows)
        if shorter:
            print(
                f"Not in it: {shorter} trial{'s' * (shorter > 1)} of configurations that others trained longer, or to "
                f"the end; they are in {folder.trials_csv}"
            )
    if ending.winner:
        print(describe_winner(ending.winner))
        print(f"Its trained model: {folder.command('best')} --export FILE")
    if not ending.trained:
        print_text(
            console,
            f"All {run.settings.trials} trials had been finished before. To try more: {folder.command('resume')} "
            "--trials +N",
        )
    if ending.open_trials:
        why = "Stopped" if ending.stopped_by else "The time budget is spent"
        print_text(
            console,
            f"{why} with {ending.open_trials} of {run.settings.trials} trials open. Continue with: "
            f"{folder.command('resume')}",
        )
    if ending.stopped_by:
        raise typer.Exit(128 + ending.stopped_by)
    if ending.rows and not ending.winner and not ending.open_trials:
        raise PacktuneError("no trial was completed: `reason` in trials.csv says why. Mend that and start a new run")


def _check_names(given: Sequence[str], allowed: Sequence[str]) -> list[str]:
    from search.errors import suggest_name

    for name in given:
        if name not in allowed:
            raise SettingsError(f"unknown system {name!r}.{suggest_name(name, allowed)}")
    return [name for name in allowed if name in given or not given]


def _print_reproduction(
    names: Sequence[str], runs: Sequence[Run], endings: Sequence[Ending], results: Path, console: Console
) -> None:
    from search.reproduction import systems_begun
    from search.reproduction_table import read_comparisons, to_screen, write_comparisons

    comparisons = read_comparisons(names, runs)
    print(to_screen(comparisons))
    begun: Sequence[str] = names
    try:
        found = systems_begun(results, runs)
        comparisons, begun = read_comparisons(found, [run for parts in found.values() for run in parts]), list(found)
    except PacktuneError as error:
        print_text(console, f"The systems of earlier runs are left out of the table: {error}")
    files = write_comparisons(comparisons, results)
    print(f"\nThe table{' of all systems begun' if len(begun) > len(names) else ''}: {' and '.join(map(str, files))}")
    left = sum(ending.open_trials for ending in endings)
    if left:
        print_text(console, f"Stopped with {left} trials open. Continue with the same command.")
    for ending in endings:
        if ending.stopped_by:
            raise typer.Exit(128 + ending.stopped_by)


def _width() -> int | None:
    """Give the characters in a line of stdout; none where it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _find_run(results: Path, name: str, storage: str | None, *, asked: bool) -> Run:
    from search.run_folder import RunFolder

    return _with_storage(RunFolder.find(results, name).load(), storage, asked=asked)


def _is_asked(context: typer.Context) -> bool:
    """Tell whether the storage is the user's option, and not the environment's."""
    source = context.get_parameter_source("storage")
    return source is not None and source.name == "COMMANDLINE"


def _with_storage(run: Run, given: str | None, *, asked: bool) -> Run:
    """Say where the study of an existing run is: where it was made, unless the user has given another place.

    The environment's URL, which other runs may be meant by, serves only to supply a password.
    """
    known = run.settings.storage
    needs_password = known is not None and HIDDEN in known
    if given is None or not (asked or needs_password):
        if needs_password:
            raise SettingsError(
                f"the run's storage {known} needs its password, which is kept nowhere: give the whole URL with "
                f"--storage or in {STORAGE_VARIABLE}"
            )
        return run
    if known is None:
        raise SettingsError(
            f"the run {run.folder.name!r} keeps its study in {run.folder.journal}, not in a database: leave --storage "
            "out"
        )
    return dataclasses.replace(run, settings=dataclasses.replace(run.settings, storage=make_absolute(given)))


def _rows(found: Run) -> list[Row]:
    from search.leaderboard import rank_rows
    from search.run import read_records

    return rank_rows(read_records(found), run=found.settings.name, data=found.settings.data)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}: check the path") from error


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (PacktuneError, DataError) as error:
        print_text(error_console(), f"Error: {error}", style="red")
        raise typer.Exit(2) from error
    except KeyboardInterrupt as stop:
        # A search that is stopped for the second time says by which signal.
        raise typer.Exit(128 + (stop.args[0] if stop.args else signal.SIGINT)) from None


if __name__ == "__main__":
    main()
