"""The Ray Tune searcher: a Ray Tune trial is a pack; all decisions are the dispatcher's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from search.dispatcher import Dispatcher
from search.pack_task import PackReport, failed_report
from search.trial import Pack
from search.worker import PROGRESS, REPORT, TASK


class PackSearcher(Searcher):
    """Asks the dispatcher for packs and hands their reports back.

    Args:
        stopping: tells whether the search is being stopped; no pack is started then.
        on_report: called with each report before it is recorded.
        on_change: called whenever the standing may have changed.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        stopping: Callable[[], bool],
        on_report: Callable[[PackReport], None],
        on_change: Callable[[], None],
    ) -> None:
        super().__init__()
        self._dispatcher = dispatcher
        self._stopping = stopping
        self._on_report = on_report
        self._on_change = on_change
        self._packs: dict[str, Pack] = {}
        self.errors: dict[str, str] = {}

    def suggest(self, trial_id: str) -> Any:
        if self._stopping() or self._dispatcher.all_asked:
            return Searcher.FINISHED
        task = self._dispatcher.next_pack()
        if task is None:
            return None
        self._packs[trial_id] = task.pack
        self._on_change()
        return {TASK: task}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        if PROGRESS in result:
            self._on_change()

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        pack = self._packs.pop(trial_id)
        report = (result or {}).get(REPORT)
        if error:
            report = failed_report(pack, self.errors.pop(trial_id, "its worker died"))
        if report is None:
            self._dispatcher.give_back(pack)
        else:
            self._on_report(report)
            self._dispatcher.receive(pack, report)
        self._on_change()

    def __getstate__(self) -> dict[str, Any]:
        """Give Ray Tune's snapshots nothing: a resumed search is a fresh one over the same study."""
        return {}

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the study is the only truth."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, see `save`."""
