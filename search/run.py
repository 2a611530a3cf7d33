"""A search from beginning to end: study, packs on Ray Tune, leaderboard, winner; new or resumed."""

from __future__ import annotations

import importlib
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console

from data.catalog import DATASETS, load
from data.dataset import Dataset
from data.errors import DataError
from models.model_file import ModelFileError, model_from_bytes
from search.dispatcher import Dispatcher
from search.errors import PacktuneError
from search.files import write_bytes, write_text
from search.leaderboard import Row, rank_rows, to_csv, to_frame, to_markdown, trials_frame
from search.pack_task import PackReport
from search.progress import ProgressView, progress_view
from search.run_folder import RunFolder
from search.settings import Settings
from search.space import Space
from search.study import SearchStudy, create_study, load_study, open_storage
from search.trial import TrialRecord, TrialState
from search.winner import Winner, pick_winner, space_of

if TYPE_CHECKING:
    from search.cluster import Connection, Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a search ended.

    Attributes:
        rows: of the leaderboard.
        stopped_by: the signal that stopped it early, or none.
        open_trials: trials still to be trained, after a signal or at the end of the time budget.
    """

    rows: list[Row]
    winner: Winner | None
    stopped_by: signal.Signals | None
    open_trials: int


def run_search(
    folder: RunFolder, settings: Settings, space: Space, console: Console, connection: Connection, *, new: bool
) -> Ending:
    """Search until all trials are done, a signal arrives or the time budget ends; then write the leaderboard.

    Raises:
        PacktuneError, DataError: see their subclasses. A new run that could not even begin leaves no folder behind.
    """
    with folder.locked(), progress_view(console) as view, _stop_signal(settings.time_budget_s) as stop:
        try:
            with open_storage(folder.journal, settings.storage) as storage:
                dataset, placement = _prepare(settings, connection, view)
                stop.listen()  # Ray installs a SIGTERM handler of its own
                opening = create_study if new else load_study
                study = opening(
                    storage,
                    settings.name,
                    space=space,
                    sampler=settings.sampler,
                    search_seed=settings.seed,
                    protocol=settings.protocol,
                )
                new = False
                try:
                    _train(study, folder, settings, dataset, placement, view, stop)
                finally:
                    study.requeue()
                    records = study.records()
                    rows = write_tables(folder, settings, records)
        except (PacktuneError, DataError):
            if new:
                folder.discard()
            raise
    return Ending(
        rows=rows,
        winner=pick_winner(rows, validation_images=DATASETS[settings.data].n_validation),
        stopped_by=stop.signal,
        open_trials=settings.trials - sum(record.outcome is not None for record in records),
    )


def _prepare(settings: Settings, connection: Connection, view: ProgressView) -> tuple[Dataset, Placement]:
    """Load the data set and Ray Tune while Ray starts."""
    view.stage(f"Loading {settings.data} and starting Ray")
    dataset = load(settings.data, settings.data_dir, _download_progress(view))
    importlib.import_module("search.launch")
    return dataset, connection.placement()


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


def read_records(folder: RunFolder, settings: Settings, space: Space) -> list[TrialRecord]:
    """Read a run's trials from its study."""
    with open_storage(folder.journal, settings.storage, read_only=True) as storage:
        study = load_study(
            storage,
            settings.name,
            space=space,
            sampler=settings.sampler,
            search_seed=settings.seed,
            protocol=settings.protocol,
        )
        return study.records()


def _train(
    study: SearchStudy,
    folder: RunFolder,
    settings: Settings,
    dataset: Dataset,
    placement: Placement,
    view: ProgressView,
    stop: _Stop,
) -> None:
    from search import launch
    from search.searcher import PackSearcher

    dispatcher = Dispatcher(study, settings, device=placement.device)
    searcher = PackSearcher(
        dispatcher,
        stopping=stop.requested,
        on_report=_ModelKeeper(folder).offer,
        on_change=lambda: view.show(dispatcher.standing()),
    )
    view.show(dispatcher.standing())
    if not dispatcher.all_asked:
        launch.run_packs(searcher, dataset, placement, stopping=stop.requested)


class _ModelKeeper:
    """Keeps the best trained model of a run on disk: by validation accuracy, ties by trial number."""

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.best_model
        self._best = (-1.0, 0)
        if self._path.exists():
            # A damaged file is replaced by the next better model, and trained again if `best` needs it.
            with suppress(ModelFileError):
                self._best = self._merit(self._path.read_bytes())

    def offer(self, report: PackReport) -> None:
        """Write the report's model if it is better than the one on disk."""
        if report.model is not None and self._merit(report.model) > self._best:
            write_bytes(self._path, report.model)
            self._best = self._merit(report.model)

    def _merit(self, content: bytes) -> tuple[float, int]:
        model = model_from_bytes(content, source=str(self._path))
        return model.validation_accuracy, -model.trial


class _Stop:
    """Whether the search should stop: after a first Ctrl-C or SIGTERM, or at the end of the time budget."""

    def __init__(self, budget_s: float | None) -> None:
        self.signal: signal.Signals | None = None
        self._end_s = time.monotonic() + budget_s if budget_s is not None else None

    def requested(self) -> bool:
        return self.signal is not None or (self._end_s is not None and time.monotonic() >= self._end_s)

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number)


@contextmanager
def _stop_signal(budget_s: float | None) -> Iterator[_Stop]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    stop = _Stop(budget_s)
    stop.listen()
    try:
        yield stop
    finally:
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
