"""Searches from beginning to end: studies, packs on Ray Tune, leaderboards, winners; new or resumed."""

from __future__ import annotations

import importlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.console import Console

from data.catalog import load
from data.dataset import Dataset
from data.errors import DataError
from models.model_file import ModelFileError, model_from_bytes
from models.precision import Precision, fastest_precision
from search.checkpoint import CheckpointFolder
from search.dispatcher import Dispatcher, add_up
from search.errors import PacktuneError, RunError, SettingsError
from search.files import write_bytes, write_text
from search.leaderboard import Row, count_finished, rank_rows, to_csv, to_frame, to_markdown, trials_frame
from search.pack_sizes import CapacityByRule, fair_share
from search.pack_task import PackReport
from search.progress import ProgressView, progress_view
from search.run_folder import Run, RunFolder
from search.samplers import SAMPLERS
from search.settings import AUTO, Settings, lookahead_for, read_settings, stops_early, write_settings
from search.startup import quick_imports
from search.storage import Storage, open_storage
from search.storage_url import hide_password
from search.study import SearchStudy, create_study, has_study, load_study
from search.trial import TrialRecord, TrialState
from search.winner import Winner, space_of, winner_of

if TYPE_CHECKING:
    from search.connection import Connection, Placement

SIGNAL_AGAIN_S = 0.05  # after which a signal that came at a bad moment is sent again


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a search ended.

    Attributes:
        rows: of the leaderboard.
        stopped_by: the signal that stopped it early, or none.
        open_trials: trials still to be trained, after a signal or at the end of the time budget.
        trained: whether there was anything to train.
    """

    rows: list[Row]
    winner: Winner | None
    stopped_by: signal.Signals | None
    open_trials: int
    trained: bool = False


def run_searches(
    runs: Sequence[Run], console: Console, connection: Connection, *, verbose: bool = False
) -> list[Ending]:
    """Search until all trials are done, a signal arrives or the time budget ends; then write the leaderboards.

    Several runs share the workers: a free worker goes to the first of them that has a pack to train.

    Args:
        runs: one or more, whose settings agree on the workers, the cluster and the time budget.
        connection: to Ray, which may still be starting.
        verbose: whether to say how large packs are, and why.

    Raises:
        PacktuneError, DataError: see their subclasses. A new run that could not even begin leaves no folder behind.
    """
    settings = runs[0].settings
    with ExitStack() as stack:
        for run in runs:
            stack.enter_context(run.folder.locked())
            if run.new and run.folder.has_begun:
                raise RunError(
                    f"the run {run.folder.name!r} was taken up by another process before it could begin here: see "
                    f"`{run.folder.command('resume')}`"
                )
        view = stack.enter_context(progress_view(console))
        stop = stack.enter_context(_stop_signal(settings.time_budget_s, view.say))
        begun: list[tuple[Run, SearchStudy]] = []
        try:
            storages = [stack.enter_context(open_storage(run.folder.journal, run.settings.storage)) for run in runs]
            datasets, placement = _prepare(runs, connection, view)
            runs = [_settle(run, placement) for run in runs]
            _advise(runs, placement, view.say)
            stop.listen()  # Ray installs a SIGTERM handler of its own
            for run, storage in zip(runs, storages, strict=True):
                study = open_study(run, storage)
                begun.append((run, study))
                if not run.folder.leaderboard_csv.exists():  # once it does, the study is expected to be found
                    write_tables(run.folder, run.settings, study.records())
        except (PacktuneError, DataError):
            for run in runs[len(begun) :]:
                if run.new:
                    run.folder.discard()
            raise
        try:
            _train(begun, datasets, placement, view, stop, verbose=verbose)
        finally:
            endings = [_end(run, study, stop) for run, study in begun]
    return endings


def read_ending(run: Run) -> Ending:
    """Give the ending of a run as its study has it, and write its tables anew, unless it never began."""
    records = read_records(run)
    if not records and not run.folder.leaderboard_csv.exists():
        return Ending(rows=[], winner=None, stopped_by=None, open_trials=run.settings.trials)
    return _conclude(run, records)


def _prepare(runs: Sequence[Run], connection: Connection, view: ProgressView) -> tuple[list[Dataset], Placement]:
    """Load the data sets and Ray Tune while Ray starts."""
    names = {run.settings.data: run.settings.data_dir for run in runs}
    view.stage(f"Loading {' and '.join(names)} and starting Ray")
    with quick_imports():
        datasets = [load(name, folder, _download_progress(view)) for name, folder in names.items()]
        importlib.import_module("search.launch")
        return datasets, connection.placement()


def _settle(run: Run, placement: Placement) -> Run:
    """Replace each "auto", in the settings file too: a run that goes on elsewhere keeps what it began with."""
    settled: dict[str, Any] = {}
    if run.new and run.settings.precision == Precision.TF32 and placement.device == "cpu":
        raise SettingsError(
            "precision = tf32 is not allowed on a CPU, which multiplies no such numbers: give float32, bfloat16 or auto"
        )
    if run.settings.precision == AUTO:
        settled["precision"] = fastest_precision(placement.device).value
    if run.settings.lookahead == AUTO:
        settled["lookahead"] = _worth(run, placement)
    if not settled:
        return run
    write_settings(replace(read_settings(run.folder.settings), **settled), run.folder.settings)
    return replace(run, settings=replace(run.settings, **settled))


def _advise(runs: Sequence[Run], placement: Placement, say: Callable[[str], None]) -> None:
    """Say it if the searches leave workers idle that they would be started for now."""
    most = sum(int(run.settings.lookahead) for run in runs)
    worth = sum(_worth(run, placement) for run in runs)
    if most < min(worth, placement.at_hand):
        say(
            f"There is room for {placement.at_hand} workers, but no more than {most} packs train at once (lookahead, "
            f"which the leaderboard depends on): a new run with --lookahead {placement.at_hand} uses them all."
        )


def _worth(run: Run, placement: Placement) -> int:
    learns = stops_early(run.settings) or SAMPLERS[run.settings.sampler].learns
    return lookahead_for(run.settings, placement.at_hand, learns=learns)


def open_study(run: Run, storage: Storage, *, read_only: bool = False) -> SearchStudy:
    """Open the study of a run, or make it if the run never began.

    Raises:
        RunError: the study is missing, or another run's.
    """
    settings = run.settings
    how: dict[str, Any] = {
        "space": run.space,
        "sampler": settings.sampler,
        "search_seed": settings.seed,
        "protocol": settings.protocol,
    }
    if run.new or _never_began(run, storage):
        study = create_study(storage, settings.name, **how)
    elif has_study(storage, settings.name):
        study = load_study(storage, settings.name, **how)
    else:
        where = run.folder.journal if settings.storage is None else f"the storage {hide_password(settings.storage)}"
        raise RunError(f"{where} has no study named {settings.name!r}: was it moved or deleted?")
    if read_only:
        study.check_owner(settings.run_id)
    else:
        study.claim(settings.run_id)
    return study


def _never_began(run: Run, storage: Storage) -> bool:
    """Tell whether the process that made the run's folder ended before it made the study."""
    return not run.folder.leaderboard_csv.exists() and not has_study(storage, run.settings.name)


def _end(run: Run, study: SearchStudy, stop: _Stop) -> Ending:
    study.check_written()
    study.requeue()
    ending = replace(_conclude(run, study.records()), stopped_by=stop.signal, trained=True)
    if not ending.open_trials:
        CheckpointFolder(run.folder.checkpoints).clear()
    return ending


def _conclude(run: Run, records: list[TrialRecord]) -> Ending:
    rows = write_tables(run.folder, run.settings, records)
    return Ending(
        rows=rows,
        winner=winner_of(rows, run.settings),
        stopped_by=None,
        open_trials=run.settings.trials - sum(record.outcome is not None for record in records),
    )


def write_tables(folder: RunFolder, settings: Settings, records: list[TrialRecord]) -> list[Row]:
    """Write leaderboard.csv, leaderboard.md, trials.csv and the winner's space from the study's records."""
    rows = rank_rows(records, run=settings.name, data=settings.data)
    frame = to_frame(rows)
    write_text(folder.leaderboard_csv, to_csv(frame))
    write_text(folder.leaderboard_md, to_markdown(frame))
    write_text(folder.trials_csv, to_csv(trials_frame(records)))
    complete = [row for row in rows if row.state is TrialState.COMPLETE]
    if complete:
        write_text(folder.winner_space, space_of(complete[0]))
    return rows


def read_records(run: Run) -> list[TrialRecord]:
    """Read a run's trials from its study.

    Raises:
        RunError: the study is missing, damaged or another run's, or has fewer finished trials than it had.
    """
    # Read first: a search may be going on.
    noted = count_finished(run.folder.trials_csv)
    records: list[TrialRecord] = []
    with open_storage(run.folder.journal, run.settings.storage, read_only=True) as storage:
        if not _never_began(run, storage):
            records = open_study(replace(run, new=False), storage, read_only=True).records()
    finished = sum(record.outcome is not None for record in records)
    if finished < noted:
        raise RunError(
            f"the study of the run {run.folder.name!r} has {finished} finished trials, but had {noted} when "
            f"{run.folder.trials_csv} was written: restore it from a copy; or remove that file to go on from what is "
            "left"
        )
    return records


def _train(
    begun: Sequence[tuple[Run, SearchStudy]],
    datasets: Sequence[Dataset],
    placement: Placement,
    view: ProgressView,
    stop: _Stop,
    *,
    verbose: bool,
) -> None:
    from search import launch
    from search.searcher import Lane, PackSearcher

    explain = view.say if verbose else _say_nothing
    by_name = {dataset.name: dataset for dataset in datasets}

    def lane_of(run: Run, study: SearchStudy) -> Lane:
        checkpoints = CheckpointFolder(run.folder.checkpoints)
        # Of several searches, each keeps the workers busy that another leaves idle.
        alone = len(begun) == 1
        dispatcher = Dispatcher(
            study,
            run.settings,
            device=placement.device,
            capacity=CapacityByRule(placement.device, explain),
            sharing=fair_share(run.settings, by_name[run.settings.data], placement, checkpoints.has, explain)
            if alone
            else None,
        )
        return Lane(dispatcher=dispatcher, checkpoints=checkpoints, on_report=_ModelKeeper(run.folder).offer)

    lanes = [lane_of(run, study) for run, study in begun]

    def show() -> None:
        view.show(add_up([lane.dispatcher.standing() for lane in lanes]))

    show()
    if not all(lane.dispatcher.finished for lane in lanes):
        searcher = PackSearcher(lanes, stopping=stop.requested, on_change=show, say=view.say)
        launch.run_packs(searcher, datasets, placement, view.say)


def _say_nothing(text: str) -> None:
    pass


class _ModelKeeper:
    """Keeps the best trained model of a run on disk: by validation accuracy, ties by trial number."""

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.best_model
        self._best = (-1.0, 0)
        if self._path.exists():
            # A damaged file is replaced by the next better model, and trained again if `best` needs it.
            with suppress(ModelFileError):
                model = model_from_bytes(self._path.read_bytes(), source=str(self._path))
                self._best = model.validation_accuracy, -model.trial

    def offer(self, report: PackReport) -> None:
        """Write the report's model if it is better than the one on disk."""
        if report.model is None or report.model_trial is None:
            return
        merit = report.model_accuracy, -report.model_trial
        if merit > self._best:
            write_bytes(self._path, report.model)
            self._best = merit


class _Stop:
    """Whether the search should stop: after a first Ctrl-C or SIGTERM, or at the end of the time budget."""

    def __init__(self, budget_s: float | None, say: Callable[[str], None]) -> None:
        self.signal: signal.Signals | None = None
        self._say = say
        self._said = False
        self._later: threading.Timer | None = None
        self._end_s = time.monotonic() + budget_s if budget_s is not None else None

    def requested(self) -> bool:
        if self.signal is not None and not self._said:
            self._said = True
            self._say("Stopping; what is finished is kept. Ctrl-C again stops at once.")
        return self.signal is not None or (self._end_s is not None and time.monotonic() >= self._end_s)

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self.signal = self.signal is not None, signal.Signals(number)
        if not again:
            return
        if not _raises_in_vain(frame):
            raise KeyboardInterrupt
        main = threading.main_thread().ident
        assert main is not None
        self._later = threading.Timer(SIGNAL_AGAIN_S, signal.pthread_kill, (main, number))
        self._later.start()

    def rest(self) -> None:
        """Send no signal again."""
        if self._later is not None:
            self._later.cancel()


def _raises_in_vain(frame: FrameType | None) -> bool:
    """Tell whether a finalizer is running, whose exceptions Python prints and forgets."""
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None


@contextmanager
def _stop_signal(budget_s: float | None, say: Callable[[str], None]) -> Iterator[_Stop]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    stop = _Stop(budget_s, say)
    stop.listen()
    try:
        yield stop
    except KeyboardInterrupt:
        # Ray raises one of its own where it meets one, so that it cannot carry the signal itself.
        raise KeyboardInterrupt(stop.signal or signal.SIGINT) from None
    finally:
        stop.rest()
        for number, handler in before.items():
            signal.signal(number, handler)


class _download_progress:
    """Shows how far a download is."""

    def __init__(self, view: ProgressView) -> None:
        self._view = view
        self._shown_s = 0.0

    def __call__(self, name: str, done_bytes: int, total_bytes: int | None) -> None:
        if time.monotonic() - self._shown_s >= 1:
            self._shown_s = time.monotonic()
            of = f" of {total_bytes / 1e6:.1f}" if total_bytes else ""
            self._view.stage(f"Downloading {name}: {done_bytes / 1e6:.1f}{of} MB")
