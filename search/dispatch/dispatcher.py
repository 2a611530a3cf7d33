"""Decides which pack is trained next, and takes in the reports. Knows nothing of Ray.

This rule makes the result of a search independent of timing: while packs are still to be proposed, or members are
compared, pack n starts only when exactly the packs up to n - lookahead have been told. Results that arrive earlier are
recorded durably and told when their turn comes. What the sampler and halving know before pack n is then a function of n
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from packtune.dispatch.asking import Asking, teach
from packtune.dispatch.counting.tally import Tally
from packtune.dispatch.halving import rungs_of, stops_early
from packtune.dispatch.knowledge import Knowledge
from packtune.dispatch.pack_queue import PackQueue
from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.dispatch.retries import Decision, Retries
from packtune.dispatch.standing import Standing
from packtune.dispatch.stops.exploration_end import ExplorationEnd
from packtune.dispatch.stops.rule import StopRule
from packtune.dispatch.task_maker import Stage, TaskMaker, exploration
from packtune.dispatch.telling import Telling
from packtune.models.hardware.device import Device
from packtune.settings import SettledPlan
from packtune.study.study import SearchStudy
from packtune.trial import Outcome, Pack, Proposal, TrialState


class Sharing(Protocol):
    """How the last packs are divided among the workers, once all trials have been proposed."""

    def longest(self, packs: Sequence[Pack]) -> Pack:
        """Choose the pack that takes longest, the first of several."""

    def part_size(self, pack: Pack, others: Sequence[tuple[Pack, float]]) -> int:
        """Choose the number of members in each part of a pack, at most all.

        Args:
            others: the packs that wait or are in training, and the share of each that is still to be trained, 0 to 1.
        """


class Dispatcher:
    """Hands out packs and takes in reports, for a new study or for one that was stopped.

    Args:
        device: where the packs are trained.
        max_failures: how often a pack whose worker died is trained again before it is split.
        checkpoint_interval_s: see `PackTask`.
        stage: what is proposed, and how it is trained; none for `exploration`.
        sharing: how the last packs are divided among the workers; none to train them whole and in order.

    Attributes:
        lookahead: the largest number of packs that can be open at the same time.
        end: where the search ends.
        on_outcome: told of each outcome, once it is durable.

    Raises:
        RunError: the study is damaged.
    """

    def __init__(
        self,
        study: SearchStudy,
        plan: SettledPlan,
        *,
        device: Device = Device.CPU,
        max_failures: int = 3,
        checkpoint_interval_s: float = 30.0,
        stage: Stage | None = None,
        sharing: Sharing | None = None,
    ) -> None:
        self._study = study
        self._plan = plan
        self.on_outcome: Callable[[Proposal, Outcome], None] = lambda proposal, outcome: None
        self._device = device
        self.lookahead = plan.lookahead
        # At a rung the members of a pack are compared with each other, so the pack has to stay together.
        self._compares = stops_early(plan)
        self._sharing = None if self._compares or plan.may_end_early else sharing
        study.trials.requeue()  # what a crash left running
        stage = stage or exploration(study.space, plan, device=device)
        records, proposer = study.records(), stage.proposer
        teach(proposer, study, records)
        self._asking = Asking(study, proposer, plan, stage.capacity, stage.given)
        self._knowledge = Knowledge(rungs_of(plan.epochs) if plan.halving else ())
        rule = StopRule(plan, study.attempts.read(plan.stop_at))
        self._telling = Telling(study, proposer, [self._knowledge, rule], records)
        packs = study.pack_notes.packs([record.proposal for record in records])
        self._queue = PackQueue(study.pack_notes, packs, self._telling.has_arrived)
        self.end = ExplorationEnd(study, plan, self._queue, rule)
        self._tally = Tally(study.space, plan, records, stage.name)
        self._retries = Retries(max_failures)
        self._tasks = TaskMaker(
            plan, self._knowledge, stage, device=device, checkpoint_interval_s=checkpoint_interval_s
        )
        with study.batch():
            self._telling.catch_up(self._queue.packs)
            self._tell_rest()

    def next_pack(self) -> PackTask | None:
        """Give the next pack to train; none if nothing can start before more results arrive."""
        if self.all_asked:
            return None
        waiting = self._queue.waiting
        number = waiting[0].number if waiting else len(self._queue.packs)
        with self._study.batch():
            # Once all trials have been proposed and nothing is compared, no pack depends on what another teaches.
            if self._shared is None and not self._telling.tell_up_to(number - self.lookahead, self._queue.packs):
                return None
            if self.all_asked:
                self._tell_rest()
                return None
            if not self._queue.waiting:
                self._queue.add(self._asking.next_packs(self._queue.n_trials, len(self._queue.packs)))
            pack = self._take()
        self._tally.hand_out(pack)
        return self._tasks.make(pack, whole=self._whole_of(pack))

    @property
    def deaths_by_one(self) -> int:
        """The most workers that one member can kill in a row: in its pack, in its halves, and alone."""
        return self._retries.deaths_by_one

    @property
    def all_asked(self) -> bool:
        """Tell whether every trial has been handed out, or a stop ends the search."""
        return self.end.reached

    @property
    def finished(self) -> bool:
        """Tell whether every trial has been handed out, and no pack can come back."""
        return self.all_asked and not len(self._tally)

    def note_progress(self, pack: Pack, epoch: int) -> None:
        """Note that a pack has started, with epoch 0, or how many epochs it has trained."""
        if epoch == 0:
            self._study.trials.start(pack.trials)
        self._tally.note_epochs(pack, epoch)

    def receive(self, pack: Pack, report: PackReport) -> None:
        """Record the outcomes of a pack, or of a part of one, and tell the packs whose turn it is."""
        with self._study.batch():
            for proposal, outcome in zip(pack.proposals, report.outcomes, strict=True):
                self._telling.keep(proposal.number, outcome)
                self._tally.finish(proposal, outcome)
            self._tally.take_back(pack)
            self._tell_rest()
        for proposal, outcome in zip(pack.proposals, report.outcomes, strict=True):
            self.on_outcome(proposal, outcome)

    def give_back(self, pack: Pack) -> None:
        """Take back a pack that was handed out and not trained to its end."""
        self._tally.take_back(pack)
        self._queue.put_back(pack)

    def fail(self, pack: Pack, reason: str, *, worker_died: bool) -> str:
        """Take back a pack whose training failed: it is trained again, or split, or its only member is given up.

        Returns:
            What happened and what is done about it, for people.
        """
        verdict = self._retries.judge(pack, reason, worker_died=worker_died)
        match verdict.decision:
            case Decision.RETRY:
                self.give_back(pack)
            case Decision.SPLIT:
                self._tally.take_back(pack)
                self._queue.split(pack, pack.halves())
                self._queue.put_back(*pack.halves())
            case Decision.GIVE_UP:
                failed = Outcome(state=TrialState.FAIL, reason=reason, device=self._device.value)
                self.receive(pack, PackReport(outcomes=(failed,)))
        return verdict.message

    def standing(self) -> Standing:
        """Count what is done."""
        return self._tally.standing(self._queue.waiting, self._queue.n_trials)

    @property
    def _shared(self) -> Sharing | None:
        """Give how the packs that wait are divided among the workers; none while they are trained in order."""
        return self._sharing if self._queue.n_trials >= self._plan.trials else None

    def _tell_rest(self) -> None:
        """Tell what has arrived once nothing is left to hand out."""
        if self.all_asked:
            self._telling.tell_up_to(len(self._queue.packs) - 1, self._queue.packs)

    def _take(self) -> Pack:
        """Take the first pack that waits; once all trials have been proposed, the longest one, or a part of it."""
        sharing = self._shared
        pack = sharing.longest(self._queue.waiting) if sharing else self._queue.waiting[0]
        self._queue.take(pack)
        if sharing is None or len(pack.proposals) == 1 or pack != self._queue.whole(pack):
            return pack
        others = [*((other, 1.0) for other in self._queue.waiting), *self._tally.left_to_train()]
        first, *later = parts = pack.in_parts(sharing.part_size(pack, others))
        if later:
            self._queue.split(pack, parts)
            self._queue.put_back(*later)
        return first

    def _whole_of(self, pack: Pack) -> Pack | None:
        """Give the whole pack that a part trains like; none if members are compared, or the pack failed before."""
        return None if self._compares or self._retries.is_half(pack) else self._queue.whole(pack)
