"""The Python interface: search, load a run, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

from packtune.interface.comparison import compare_runs
from packtune.interface.repetition import describe_repetition
from packtune.interface.result import ProgressLike, SearchResult, carry_out
from packtune.report.leaderboard import Leaderboard
from packtune.report.live.views import make_view
from packtune.run.ending import read_ending
from packtune.run.find import find_run
from packtune.run.network.finding import GivenNetwork, name_network, space_and_network
from packtune.run.own.new_search import new_search
from packtune.run.planning import SearchOptions, check_options
from packtune.space.source import GivenSpace
from packtune.tools.options import choose_tools


def search(
    data: object = "digits",
    *,
    space: GivenSpace = "wide",
    name: str | None = None,
    results: str | Path = "results",
    progress: ProgressLike = None,
    verbose: bool = False,
    **options: Unpack[SearchOptions],
) -> SearchResult:
    """Search a space: train its trials in packs, and write a leaderboard. The same as `packtune run`.

    Nothing is printed unless `progress` is given. Ctrl-C ends the search with what is finished: `load` finds it.

    Args:
        data: name of a data set, a key of `packtune.DATASETS`; the path of a file or folder with data of your own; or
            (inputs, labels) as arrays, a data frame, or a `torch.utils.data.Dataset`.
        space: a built-in name, a `Space`, a table as a TOML file has it, or the path of such a file.
        name: of the run; none for DATA-SPACE-001, -002 ...
        results: folder of all results; the run lies in RESULTS/runs/NAME.
        progress: "terminal", "plain", "notebook", "none" or a `ProgressView` of your own.
        verbose: whether to tell `progress` how large packs are, and why.
        **options: see `PlanOptions`, `ResourceOptions`, `OwnDataOptions`, `NetworkOptions` and
            `ToolOptions`.

    Raises:
        PacktuneError: a reason that you can mend; see its subclasses.
    """
    check_options(options)
    tools = choose_tools(options)
    source, network = space_and_network(space, options)
    view = make_view(progress)
    made = new_search(data, source, options, view, Path(results), network=network)
    run = made.create(results=Path(results), name=name)
    if repeated := describe_repetition(run):
        view.say(repeated)
    return carry_out(run, view, verbose=verbose, tools=tools)


def load(
    run: str | Path,
    *,
    results: str | Path = "results",
    storage: str | None = None,
    data_dir: str | Path | None = None,
    model: GivenNetwork | None = None,
    hyperparameters: Mapping[str, object] | None = None,
) -> SearchResult:
    """Open a run that exists: look at what it has found so far, or go on with it.

    Args:
        run: its folder, wherever that was moved or copied to, or its name in `results`.
        storage: URL of the database with its study, where it has moved or needs a password.
        data_dir: the folder with the files of its data set, where that has moved; a winner whose model was not kept is
            trained again from these.
        model, hyperparameters: the network of your own that it trains, as in `search`, to go on with it or to use its
            winner; none to look at its tables alone.

    Raises:
        RunError: there is no such run, or its study cannot be read.
    """
    found = find_run(str(run), Path(results), storage=storage, data_dir=None if data_dir is None else Path(data_dir))
    if model is not None:
        name_network(found, model, hyperparameters)
    return SearchResult(run=found, ending=read_ending(found))


def leaderboard(*runs: str | Path | SearchResult, results: str | Path = "results") -> Leaderboard:
    """Rank the configurations of one or several runs in one table.

    Rows of one data set stand together, and ranks count from 1 in each: accuracies on different data are not
    compared. A row is never above one of the same configuration that is the mean of more trials.

    Args:
        runs: results, or names or folders of runs.

    Raises:
        RunError: there is no such run, or its study cannot be read.
    """
    found = [run.run if isinstance(run, SearchResult) else find_run(str(run), Path(results)) for run in runs]
    return compare_runs(found)
