"""The command `resume`, which goes on with a search."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import (
    Address,
    DataDir,
    Mlflow,
    Model,
    Results,
    RunName,
    SameMetric,
    ShowProgress,
    Storage,
    TensorBoard,
    TimeBudget,
    Verbose,
    Workers,
    storage_of,
)
from packtune.cli.parsing import whole_number
from packtune.cli.plan_options import (
    CpusAsBefore,
    FailuresAsBefore,
    From,
    FurtherSet,
    GpusAsBefore,
    Patience,
    StopAt,
    Try,
    further_options,
)
from packtune.cli.searching.carrying_out import carry_out
from packtune.report.console import error_console
from packtune.tools.options import Tools

if TYPE_CHECKING:
    pass


def resume(
    context: typer.Context,
    run: RunName,
    trials: Annotated[str | None, typer.Option(metavar="+N", help="Try N more configurations; or a new total.")] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            parser=whole_number,
            metavar="N",
            help="Train longer: a finished run's complete configurations are tried again, as new trials.",
        ),
    ] = None,
    set_: FurtherSet = None,
    try_: Try = None,
    from_: From = None,
    stop_at: StopAt = None,
    patience: Patience = None,
    metric: SameMetric = None,
    model: Model = None,
    results: Results = Path("results"),
    data_dir: DataDir = None,
    workers: Workers = None,
    cpus_per_worker: CpusAsBefore = None,
    gpus_per_worker: GpusAsBefore = None,
    address: Address = None,
    max_failures: FailuresAsBefore = None,
    storage: Storage = None,
    time_budget: TimeBudget = None,
    tensorboard: TensorBoard = False,
    mlflow: Mlflow = None,
    progress: ShowProgress = True,
    verbose: Verbose = False,
) -> None:
    """Continue a run that was stopped or killed, nothing lost or done twice; or extend one."""
    with errors_shown() as guard:
        from packtune.report.live.views import view_for
        from packtune.run.extension import ResumeOptions, check_metric, resumed
        from packtune.run.find import find_run
        from packtune.run.network.finding import name_network
        from packtune.run.planning import ResourceOptions

        tools = Tools(tensorboard=tensorboard, mlflow=mlflow)
        asked, fallback = storage_of(context)
        found = find_run(run, results, storage=asked, fallback=fallback)
        check_metric(found, metric)
        name_network(found, model)
        further = further_options(set_, try_, from_, stop_at, patience)
        where = ResourceOptions(
            data_dir=data_dir,
            workers=workers,
            cpus_per_worker=cpus_per_worker,
            gpus_per_worker=gpus_per_worker,
            address=address,
            max_failures=max_failures,
            time_budget_s=time_budget,
        )
        with closing(view_for(error_console())) as view:
            options = ResumeOptions(**where, **further, model=model, hyperparameters=None)
            going_on = resumed(found, trials=trials, epochs=epochs, options=options, say=view.say)
        carry_out(going_on, guard, progress=progress, verbose=verbose, trainable=context.obj, tools=tools)
