"""The command `run`, which begins a search."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.looking.completion import complete_datasets, complete_samplers, complete_spaces
from packtune.cli.options import (
    PRECISIONS,
    Address,
    CheckpointInterval,
    CpusPerWorker,
    DataDir,
    DeviceName,
    GpusPerWorker,
    Group,
    ImageSize,
    MaxFailures,
    MetricName,
    Mlflow,
    Model,
    Results,
    ShowProgress,
    Storage,
    Target,
    TensorBoard,
    TestShare,
    TimeBudget,
    ValidationShare,
    Verbose,
    Workers,
    own_data_options,
    parse_pack_size,
)
from packtune.cli.parsing import whole_number
from packtune.cli.plan_options import (
    From,
    Lookahead,
    PackSize,
    Patience,
    Prefer,
    ProtocolName,
    Replicates,
    Set,
    StopAt,
    Try,
    further_options,
)
from packtune.cli.searching.carrying_out import carry_out
from packtune.models.hardware.precision import Precision
from packtune.models.training.metrics.catalog import Metric
from packtune.report.console import error_console, try_to_print
from packtune.run.settings_file import AUTO
from packtune.settings import DEFAULT_SPACE, Preference
from packtune.tools.options import Tools

if TYPE_CHECKING:
    from packtune.execution.connection import Connection
    from packtune.models.own.network import OwnNetwork
    from packtune.run.folder import Run
    from packtune.run.planning import SearchOptions
    from packtune.space.source import SpaceSource


def run(
    context: typer.Context,
    data: Annotated[
        str,
        typer.Option(
            metavar="NAME|PATH",
            help="Data set; or a file or folder of your own. See `packtune datasets`.",
            autocompletion=complete_datasets,
        ),
    ] = "digits",
    target: Target = None,
    group: Group = None,
    validation_share: ValidationShare = None,
    test_share: TestShare = None,
    image_size: ImageSize = None,
    data_dir: DataDir = None,
    model: Model = None,
    space: Annotated[
        str,
        typer.Option(help="Space, or a FILE.toml; `packtune spaces` lists them.", autocompletion=complete_spaces),
    ] = DEFAULT_SPACE,
    set_: Set = None,
    try_: Try = None,
    from_: From = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            help="grid, random, tpe, qmc, gp or cmaes. [default: grid if the space is a list, else tpe]",
            autocompletion=complete_samplers,
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(parser=whole_number, metavar="N", help="Configurations to try. [default: all of a list, else 32]"),
    ] = None,
    metric: MetricName = Metric.ACCURACY.value,
    stop_at: StopAt = None,
    patience: Patience = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            parser=whole_number,
            metavar="N",
            help="Epochs of full training. [default: 10; of your own data 8 to 100, by their number]",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            parser=whole_number,
            metavar="N",
            help="Seed of the whole search. [default: 0; the notebook's 12321 in its protocol]",
        ),
    ] = None,
    protocol: ProtocolName = None,
    confirm: Annotated[
        bool | None,
        typer.Option(
            "--confirm/--no-confirm",
            help="Train the best configurations again from fresh seeds: to select the winner, and for its score. "
            "[default: with 8 trials or more]",
        ),
    ] = None,
    finalists: Annotated[
        int | None,
        typer.Option(
            parser=whole_number,
            metavar="N",
            help="How many configurations are trained again. [default: so many that it takes a fifth of the search]",
        ),
    ] = None,
    replicates: Replicates = None,
    prefer: Prefer = Preference.BEST.value,
    pack_size: PackSize = AUTO,
    halving: Annotated[
        bool | None,
        typer.Option("--halving/--no-halving", help="Stop the worse trials early. [default: not for a list]"),
    ] = None,
    workers: Workers = None,
    lookahead: Lookahead = None,
    cpus_per_worker: CpusPerWorker = 1.0,
    gpus_per_worker: GpusPerWorker = None,
    device: DeviceName = AUTO,
    precision: Annotated[
        str,
        typer.Option(
            metavar=PRECISIONS, help="Number format of the large products; auto: the fastest on this hardware."
        ),
    ] = Precision.FLOAT32.value,
    address: Address = None,
    max_failures: MaxFailures = None,
    checkpoint_interval: CheckpointInterval = None,
    storage: Storage = None,
    name: Annotated[str | None, typer.Option(help="Name of the run. [default: DATA-SPACE-001, -002, ...]")] = None,
    results: Results = Path("results"),
    time_budget: TimeBudget = None,
    tensorboard: TensorBoard = False,
    mlflow: Mlflow = None,
    progress: ShowProgress = True,
    verbose: Verbose = False,
) -> None:
    """Search a space: train its trials in packs, and write a leaderboard."""
    with errors_shown() as guard, ExitStack() as stack:
        from packtune.run.network.finding import space_and_network
        from packtune.run.planning import SearchOptions

        tools = Tools(tensorboard=tensorboard, mlflow=mlflow)
        source, network = space_and_network(space, {"model": model})
        options = SearchOptions(
            sampler=sampler,
            trials=trials,
            epochs=epochs,
            seed=seed,
            protocol=protocol,
            replicates=replicates,
            confirm=confirm,
            finalists=finalists,
            prefer=prefer,
            metric=metric,
            pack_size=parse_pack_size(pack_size),
            halving=halving,
            precision=precision,
            lookahead=lookahead,
            data_dir=data_dir,
            workers=workers,
            cpus_per_worker=cpus_per_worker,
            gpus_per_worker=gpus_per_worker,
            device=device,
            address=address,
            storage=storage,
            time_budget_s=time_budget,
            max_failures=max_failures,
            checkpoint_interval_s=checkpoint_interval,
        )
        own = own_data_options(target, group, validation_share, test_share, image_size)
        given = further_options(set_, try_, from_, stop_at, patience)
        asked: SearchOptions = {**options, **own, **given}
        created, opened = _make(data, source, asked, network, results, name, stack)
        carry_out(created, guard, progress=progress, verbose=verbose, trainable=context.obj, tools=tools, opened=opened)


def _make(
    data: str,
    source: SpaceSource,
    asked: SearchOptions,
    network: OwnNetwork | None,
    results: Path,
    name: str | None,
    stack: ExitStack,
) -> tuple[Run, Connection | None]:
    """Make the run of a search, and say so if it repeats an earlier one.

    Args:
        stack: a Ray that was started meanwhile ends with it.
    """
    from packtune.report.live.views import view_for
    from packtune.run.own.new_search import new_search
    from packtune.run.session import EarlyStart

    with closing(view_for(error_console())) as view:
        ray = EarlyStart(stack, view.say)
        made = new_search(data, source, asked, view, results, network=network, when_read=ray.start)
    run = made.create(results=results, name=name)
    _tell_repetition(run)
    return run, ray.opened


def _tell_repetition(run: Run) -> None:
    from packtune.interface.repetition import describe_repetition

    if repeated := describe_repetition(run):
        try_to_print(repeated)
