"""A search in stages: each has a dispatcher of its own, and begins when the one before has finished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.dispatch.standing import Later, Standing, add_up
from packtune.trial import Pack


class StagedSearch:
    """Hands out the packs of one stage after another, and takes in their reports; see `Dispatcher`.

    Args:
        first: of the first stage.
        next_stage: called when a stage has finished; gives the dispatcher of the next one, none after the last.
        later: tells what the stages after the one at hand will train; takes the number of the best trial so far.
        cut_short: tells whether the first stage should start no more packs. The next stage then begins with what is
            finished.

    Attributes:
        lookahead: the largest number of packs that can be open at the same time, in the first stage.
    """

    def __init__(
        self,
        first: Dispatcher,
        next_stage: Callable[[], Dispatcher | None] = lambda: None,
        *,
        later: Callable[[int | None], Later] = lambda _: Later(),
        cut_short: Callable[[], bool] = lambda: False,
    ) -> None:
        self._later = later
        self._cut_short = cut_short
        self._handed_out = 0
        self._first = first
        self._current = first
        self._next_stage = next_stage
        self.lookahead = first.lookahead
        self._advance()

    def next_pack(self) -> PackTask | None:
        """Give the next pack to train; none if nothing can start before more results arrive."""
        if self._current is self._first and self._cut_short():
            self._advance()
            if self._current is self._first:
                return None
        task = self._current.next_pack()
        if task is None and self._has_ended():  # a stop ended the stage, where its next pack would have been proposed
            ended = self._current
            self._advance()
            task = None if self._current is ended else self._current.next_pack()
        self._handed_out += task is not None
        return task

    @property
    def deaths_by_one(self) -> int:
        """The most workers that one member can kill in a row."""
        return self._current.deaths_by_one

    @property
    def finished(self) -> bool:
        """Tell whether every trial of every stage has been handed out, and no pack can come back."""
        return self._has_ended()

    def note_progress(self, pack: Pack, epoch: int) -> None:
        """Note that a pack has started, with epoch 0, or how many epochs it has trained."""
        self._current.note_progress(pack, epoch)

    def receive(self, pack: Pack, report: PackReport) -> None:
        """Record the outcomes of a pack, or of a part of one."""
        self._handed_out -= 1
        self._current.receive(pack, report)
        self._advance()

    def give_back(self, pack: Pack) -> None:
        """Take back a pack that was handed out and not trained to its end."""
        self._handed_out -= 1
        self._current.give_back(pack)
        self._advance()

    def fail(self, pack: Pack, reason: str, *, worker_died: bool) -> str:
        """Take back a pack whose training failed; says what is done about it."""
        self._handed_out -= 1
        said = self._current.fail(pack, reason, worker_died=worker_died)
        self._advance()
        return said

    def standing(self) -> Standing:
        """Count what is done in all stages that have begun; the best trial is that of the first stage."""
        first = self._first.standing()
        if self._current is self._first:
            return self._with_later(first)
        now = self._current.standing()
        trained = sum(now.finished.values())
        both = replace(add_up([first, now]), trainings=now.trials, trained=trained, stage=now.stage)
        return self._with_later(replace(both, best=first.best, leaders=first.leaders, rise=first.rise))

    def _with_later(self, standing: Standing) -> Standing:
        """Add what the stages to come will train."""
        if standing.load is None:
            return standing
        later = self._later(standing.best[0] if standing.best else None)
        return replace(standing, load=replace(standing.load, later=later))

    def _has_ended(self) -> bool:
        if self._current is self._first and self._cut_short():
            return not self._handed_out
        return self._current.finished

    def _advance(self) -> None:
        while self._has_ended() and (following := self._next_stage()) is not None:
            self._current = following
