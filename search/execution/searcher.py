"""The Ray Tune searcher: a Ray Tune trial is a pack. The dispatchers make all decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ray.tune.search import Searcher

from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.dispatch.staged_search import StagedSearch
from packtune.errors import ClusterError
from packtune.execution.trouble.deaths import Death
from packtune.execution.trouble.waiting import Trouble
from packtune.trial import Pack
from packtune.worker.checkpoint import CheckpointFolder
from packtune.worker.messages import PackDone, RoundDone, read_message, write_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One search among those that share the workers.

    Attributes:
        on_report: called with each report before it is recorded.
    """

    dispatcher: StagedSearch
    checkpoints: CheckpointFolder
    on_report: Callable[[PackReport], None]


class UnderWay:
    """The packs that Ray Tune has, by its trial's id: those that a worker trains, and those that wait for one."""

    def __init__(self) -> None:
        self._packs: dict[str, tuple[Lane, Pack]] = {}
        self._waiting: set[str] = set()

    def __contains__(self, trial_id: str) -> bool:
        return trial_id in self._packs

    def add(self, trial_id: str, lane: Lane, pack: Pack) -> None:
        """Take in a pack, which waits for a worker."""
        self._packs[trial_id] = lane, pack
        self._waiting.add(trial_id)

    def start(self, trial_id: str) -> tuple[Lane, Pack]:
        """Note that a worker has taken up a pack."""
        self._waiting.discard(trial_id)
        return self._packs[trial_id]

    def remove(self, trial_id: str) -> tuple[Lane, Pack]:
        """Give up a pack whose Ray Tune trial has ended."""
        self._waiting.discard(trial_id)
        return self._packs.pop(trial_id)

    def get(self, trial_id: str) -> tuple[Lane, Pack]:
        """Look a pack up."""
        return self._packs[trial_id]

    @property
    def training(self) -> set[str]:
        """List those that a worker has taken up."""
        return self._packs.keys() - self._waiting

    @property
    def are_all_waiting(self) -> bool:
        """Tell whether there are packs, and none of them has a worker."""
        return bool(self._packs) and len(self._waiting) == len(self._packs)

    @property
    def are_some_training(self) -> bool:
        """Tell whether a worker is in the midst of a round."""
        return len(self._waiting) < len(self._packs)


class PackSearcher(Searcher):
    """Takes the next pack from the first dispatcher that has one, and hands the reports back.

    Args:
        stopping: tells whether the search is being stopped; no pack is started then.
        on_change: called whenever the standing may have changed.
        say: told what is done about a training that failed.

    Attributes:
        under_way: the packs that Ray Tune has.
        trouble: says whether no worker should be started yet, because the machine is in trouble.
        failure: the error that the search must end with, if there is one. It is raised once Ray Tune has stopped: in
            its loop, Ray Tune would raise an error of its own instead.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        stopping: Callable[[], bool],
        on_change: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._lanes = lanes
        self._stopping = stopping
        self._on_change = on_change
        self._say = say
        self.under_way = UnderWay()
        self._deaths: dict[str, Death] = {}
        self._deaths_in_a_row = 0
        self.trouble = Trouble(say)
        self.failure: Exception | None = None

    @property
    def most_at_once(self) -> int:
        """Packs that can be under way at once, on however large a cluster."""
        return sum(lane.dispatcher.lookahead for lane in self._lanes)

    def stopping(self) -> bool:
        """Tell whether no more is to be trained."""
        return self.failure is not None or self._stopping()

    def suggest(self, trial_id: str) -> Any:  # Ray Tune's type is a dict, but it takes FINISHED, a text, too
        try:
            if self.stopping() or all(lane.dispatcher.finished for lane in self._lanes):
                return Searcher.FINISHED
            for lane in () if self.trouble.rests else self._lanes:
                task = lane.dispatcher.next_pack()
                if task is not None:
                    return self._start(trial_id, lane, task)
            return None
        except Exception as error:
            self.failure = error
            return Searcher.FINISHED

    def note_start(self, trial_id: str) -> None:
        """Take note that a worker has taken up a pack, which may have waited for one to be free."""
        lane, pack = self.under_way.start(trial_id)
        try:
            lane.dispatcher.note_progress(pack, 0)
            self._on_change()
        except Exception as error:  # the study could not be written
            self.failure = error

    def note_death(self, trial_id: str, death: Death) -> None:
        """Take note of why a worker died; `on_trial_complete` is called after it."""
        # A pack that its worker had not taken up yet cannot have killed it.
        blameless = death.of_machine or trial_id not in self.under_way.training
        self._deaths[trial_id] = replace(death, of_machine=blameless)

    def on_trial_result(self, trial_id: str, result: Mapping[str, object]) -> None:
        message = read_message(result)
        if trial_id not in self.under_way or self.failure is not None or not isinstance(message, RoundDone):
            return
        lane, pack = self.under_way.get(trial_id)
        try:
            _note_round(lane, pack, message)
            self._on_change()
        except Exception as error:
            self.failure = error

    def on_trial_complete(self, trial_id: str, result: Mapping[str, object] | None = None, error: bool = False) -> None:
        lane, pack = self.under_way.remove(trial_id)
        death = self._deaths.pop(trial_id, Death(cause="")) if error else None
        if self.failure is not None:
            return
        try:
            self._close(lane, pack, result or {}, death)
            self._on_change()
        except Exception as failure:
            self.failure = failure

    def _start(self, trial_id: str, lane: Lane, task: PackTask) -> dict[str, object]:
        self.under_way.add(trial_id, lane, task.pack)
        self._on_change()
        return write_task(replace(task, checkpoint=lane.checkpoints.load(task.pack)))

    def _close(self, lane: Lane, pack: Pack, result: Mapping[str, object], death: Death | None) -> None:
        """Take back a pack whose Ray Tune trial has ended.

        Args:
            death: why its worker died; none if it lives.
        """
        if death is not None:
            self._bury(lane, pack, death)
            return
        match read_message(result):
            case PackDone(report=report) if report.error:
                self._say(lane.dispatcher.fail(pack, report.error, worker_died=False))
            case PackDone(report=report):
                self._deaths_in_a_row = 0
                self.trouble.end()
                lane.on_report(report)
                lane.dispatcher.receive(pack, report)
                lane.checkpoints.drop(pack)
            case RoundDone() as message:  # the last round before the search stops; Ray Tune reports it here only
                _note_round(lane, pack, message)
                lane.dispatcher.give_back(pack)
            case None:
                lane.dispatcher.give_back(pack)

    def _bury(self, lane: Lane, pack: Pack, death: Death) -> None:
        """Take back the pack of a worker that died. Whoever stops a search may have signalled its workers too."""
        if death.of_machine or self.stopping():
            lane.dispatcher.give_back(pack)
            if not self.stopping():
                self.trouble.note(pack, death.cause)
            return
        self._deaths_in_a_row += 1
        _check_deaths(self._deaths_in_a_row, self._lanes, death.cause)
        self._say(lane.dispatcher.fail(pack, f"its worker died: {death.cause}".rstrip(": "), worker_died=True))

    def __getstate__(self) -> dict[str, object]:
        """Give Ray Tune's snapshots nothing: a resumed search is a fresh one over the same study."""
        return {}

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the study is the only truth."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, see `save`."""


def _note_round(lane: Lane, pack: Pack, message: RoundDone) -> None:
    lane.dispatcher.note_progress(pack, message.epoch)
    if message.checkpoint is not None:
        lane.checkpoints.save(pack, message.checkpoint)


def _check_deaths(in_a_row: int, lanes: Sequence[Lane], cause: str) -> None:
    # One member cannot kill so many workers. Where none of them finished a pack, no pack is at fault.
    if in_a_row >= max(lane.dispatcher.deaths_by_one for lane in lanes):
        raise ClusterError(
            f"{in_a_row} workers died one after another, and none finished a pack; the last one: {cause}. Mend that, "
            "then resume; nothing that was finished is lost"
        )
