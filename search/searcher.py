"""The Ray Tune searcher: a Ray Tune trial is a pack; all decisions are the dispatchers'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ray.tune.search import Searcher

from search.dispatcher import Dispatcher
from search.pack_task import PackReport, PackTask, failed_report
from search.trial import Pack
from search.worker import PROGRESS, REPORT, TASK


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One search among those that share the workers.

    Attributes:
        on_report: called with each report before it is recorded.
    """

    dispatcher: Dispatcher
    on_report: Callable[[PackReport], None]


class PackSearcher(Searcher):
    """Asks the dispatchers for packs, the first that has one, and hands their reports back.

    Args:
        stopping: tells whether the search is being stopped; no pack is started then.
        on_change: called whenever the standing may have changed.
    """

    def __init__(self, lanes: Sequence[Lane], *, stopping: Callable[[], bool], on_change: Callable[[], None]) -> None:
        super().__init__()
        self._lanes = lanes
        self._stopping = stopping
        self._on_change = on_change
        self._running: dict[str, tuple[Lane, Pack]] = {}
        self.errors: dict[str, str] = {}

    def suggest(self, trial_id: str) -> Any:
        if self._stopping() or all(lane.dispatcher.all_asked for lane in self._lanes):
            return Searcher.FINISHED
        for lane in self._lanes:
            task = lane.dispatcher.next_pack()
            if task is not None:
                return self._start(trial_id, lane, task)
        return None

    def _start(self, trial_id: str, lane: Lane, task: PackTask) -> dict[str, Any]:
        self._running[trial_id] = lane, task.pack
        self._on_change()
        return {TASK: task}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        if PROGRESS in result and trial_id in self._running:
            lane, pack = self._running[trial_id]
            lane.dispatcher.note_progress(pack, result[PROGRESS])
            self._on_change()

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        lane, pack = self._running.pop(trial_id)
        report = (result or {}).get(REPORT)
        if error:
            report = failed_report(pack, self.errors.pop(trial_id, "its worker died"))
        if report is None:
            lane.dispatcher.give_back(pack)
        else:
            lane.on_report(report)
            lane.dispatcher.receive(pack, report)
        self._on_change()

    def __getstate__(self) -> dict[str, Any]:
        """Give Ray Tune's snapshots nothing: a resumed search is a fresh one over the same study."""
        return {}

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the study is the only truth."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, see `save`."""
