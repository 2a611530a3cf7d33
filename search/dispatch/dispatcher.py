"""Decides which pack is next and tells results in pack order. Knows nothing of Ray.

The rule that makes a search's result independent of timing: as long as packs are to be asked for, or members compared,
pack n starts only when exactly the packs up to n - lookahead have been told. Results that arrive earlier are kept
durably and told when it is their turn. Whatever the sampler and halving learn before pack n is therefore a function of
n alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from packtune.dispatch.halving import HalvingPlan, rungs_of, stops_early
from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.dispatch.standing import Standing
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.proposals.packing import group_proposals, pack_capacity, widest_of
from packtune.proposals.samplers import SAMPLERS
from packtune.settings import SettledPlan
from packtune.study.study import SearchStudy
from packtune.trial import Outcome, Pack, Proposal, TrialState

# Random packs share a shape: a search gets at least this many to choose from.
MIN_PACKS = 8
# What packs in training will teach is not known yet when a learning sampler proposes another: they are small at first,
# and grow with what is known. Fixed large packs made searches of 64 to 200 trials worse (see tests/benchmarks).
FIRST_MEMBERS = 2
MOST_HALVINGS = 12  # of a pack, down to one member
MANY_DEATHS = 20
GROWTH = 16


class Sharing(Protocol):
    """Shares the packs that are left among the workers, once all have been asked for."""

    def longest(self, packs: Sequence[Pack]) -> Pack:
        """Choose the pack that takes longest, the first of several."""

    def part_size(self, pack: Pack, others: Sequence[tuple[Pack, float]]) -> int:
        """Choose in parts of how many members a pack is trained, at most all.

        Args:
            others: the packs that wait or are in training, and which share of each is still to be trained, 0 to 1.
        """


class Dispatcher:
    """Hands out packs and takes in reports, from a new study or from one that was stopped.

    Args:
        device: where the packs will be trained.
        max_failures: how often a pack whose worker died is trained again before it is split.
        checkpoint_interval_s: see `PackTask`.
        capacity: the largest number of members of a pack with a configuration, where the settings name none; the
            rule of `pack_capacity` if not given.
        sharing: decides how the last packs are shared among the workers; none to train them whole and in order.

    Attributes:
        lookahead: packs that can be under way at once.
    """

    def __init__(
        self,
        study: SearchStudy,
        plan: SettledPlan,
        *,
        device: Device = Device.CPU,
        max_failures: int = 3,
        checkpoint_interval_s: float = 30.0,
        capacity: Callable[[Configuration], int] | None = None,
        sharing: Sharing | None = None,
    ) -> None:
        self._study = study
        self._plan = plan
        self._device = device
        self._max_failures = max_failures
        self._checkpoint_interval_s = checkpoint_interval_s
        self.lookahead = plan.lookahead
        self._capacity = capacity or partial(pack_capacity, device=device)
        # At a rung the members of a pack are compared with each other: it has to stay together.
        self._compares = stops_early(plan)
        self._sharing = None if self._compares else sharing
        study.reopen()
        records = study.records()
        self._packs = study.packs()
        self._outcomes: dict[int, Outcome] = {r.proposal.number: r.outcome for r in records if r.outcome}
        self._parts = {pack.number: study.parts(pack) for pack in self._packs if not self._arrived(pack)}
        self._waiting = [part for parts in self._parts.values() for part in parts if not self._arrived(part)]
        self._running: dict[tuple[int, ...], Pack] = {}
        self._epochs: dict[tuple[int, ...], int] = {}
        self._failures: Counter[tuple[int, ...]] = Counter()
        self._failed_halves: set[tuple[int, ...]] = set()
        self._told = 0
        self._repeated = study.repeated()
        self._asked = sum(len(pack.proposals) for pack in self._packs)
        self._finished = Counter(outcome.state for outcome in self._outcomes.values())
        self._best = max((_merit(n, o) for n, o in self._outcomes.items() if _is_complete(o)), default=None)
        self._known = _Known(rungs_of(plan.epochs) if plan.halving else ())
        with study.batch():
            self._catch_up()

    def next_pack(self) -> PackTask | None:
        """Give the next pack to train, or none if there is nothing to start before more results arrive."""
        number = self._waiting[0].number if self._waiting else len(self._packs)
        if self.all_asked:
            return None
        with self._study.batch():
            # Once all have been asked for and nothing more is compared, no pack has to wait for what another teaches.
            if not self._is_shared and not self._tell_up_to(number - self.lookahead):
                return None
            if not self._waiting:
                self._ask_window()
            pack = self._take()
        self._running[pack.trials] = pack
        self._epochs.pop(pack.trials, None)
        return self._task(pack)

    def _take(self) -> Pack:
        """Take a pack, or a part of one, from those that wait; once all have been asked for, the longest first."""
        if self._sharing is None or not self._is_shared:
            return self._waiting.pop(0)
        pack = self._sharing.longest(self._waiting)
        self._waiting.remove(pack)
        is_whole = pack == self._packs[pack.number]
        return self._share_out(pack, self._sharing) if is_whole and len(pack.proposals) > 1 else pack

    def _share_out(self, pack: Pack, sharing: Sharing) -> Pack:
        """Split a pack so that no worker stands idle while another trains it, and give its first part."""
        others = [(other, 1.0) for other in self._waiting]
        others += [(other, 1 - self._epochs.get(t, 0) / self._plan.epochs) for t, other in self._running.items()]
        first, *later = parts = pack.in_parts(sharing.part_size(pack, others))
        if later:
            self._note_parts(pack, parts)
            self._put_back(*later)
        return first

    @property
    def _is_shared(self) -> bool:
        """Tell whether the packs that wait are shared among the workers."""
        return self._sharing is not None and self._asked >= self._plan.trials

    @property
    def deaths_by_one(self) -> int:
        """Workers that one member may kill one after another until it is given up: in its pack, in halves, alone."""
        return max(MANY_DEATHS, 2 * (1 + self._max_failures) + MOST_HALVINGS)

    @property
    def all_asked(self) -> bool:
        """Tell whether every trial has been handed out."""
        return not self._waiting and self._asked >= self._plan.trials

    @property
    def finished(self) -> bool:
        """Tell whether every trial has been handed out, and none of them may have to be handed out again."""
        return self.all_asked and not self._running

    def note_progress(self, pack: Pack, epoch: int) -> None:
        """Take note that a pack has started, with epoch 0, or has trained so many epochs."""
        self._epochs[pack.trials] = epoch

    def receive(self, pack: Pack, report: PackReport) -> None:
        """Keep the outcomes of a pack, or of a part of one, and close those whose turn it is."""
        with self._study.batch():
            for proposal, outcome in zip(pack.proposals, report.outcomes, strict=True):
                self._keep(proposal.number, outcome)
            del self._running[pack.trials]
            if self.all_asked:
                self._tell_up_to(len(self._packs) - 1)

    def _keep(self, number: int, outcome: Outcome) -> None:
        self._study.record(number, outcome)
        self._outcomes[number] = outcome
        self._finished[outcome.state] += 1
        if _is_complete(outcome):
            self._best = max(self._best or _merit(number, outcome), _merit(number, outcome))

    def give_back(self, pack: Pack) -> None:
        """Take back a pack that was handed out and not trained to its end."""
        del self._running[pack.trials]
        self._put_back(pack)

    def fail(self, pack: Pack, reason: str, *, worker_died: bool) -> str:
        """Take back a pack whose training failed: to be trained again, or split, or its only member given up.

        A worker may die for reasons that lie outside its pack, so a pack is tried again before it is split. What
        raised once raises again.

        Returns:
            What happened and what is done about it, for people.
        """
        self._failures[pack.trials] += 1
        again = worker_died and (len(pack.proposals) == 1 or pack.trials not in self._failed_halves)
        tries = 1 + (self._max_failures if again else 0)
        last_line = reason.splitlines()[-1] if reason else "no reason is known"
        what = f"{_in_words(pack)} failed ({last_line})"
        if self._failures[pack.trials] < tries:
            self.give_back(pack)
            return f"{what}: once more, try {self._failures[pack.trials] + 1} of {tries}."
        if len(pack.proposals) > 1:
            self._split(pack)
            return f"{what}: training the two halves apart."
        self.receive(pack, PackReport(outcomes=(Outcome(state=TrialState.FAIL, reason=reason, device=self._device),)))
        return f"{what}: given up."

    def _split(self, pack: Pack) -> None:
        """Train the halves of a pack whose training failed."""
        self._failed_halves.update(half.trials for half in pack.halves())
        self._note_parts(pack, pack.halves())
        del self._running[pack.trials]
        self._put_back(*pack.halves())

    def _note_parts(self, pack: Pack, parts: Sequence[Pack]) -> None:
        """Train these parts of a pack from now on, after a crash too: an outcome of one of them is then not lost."""
        known = self._parts[pack.number]
        place = known.index(pack)
        known[place : place + 1] = parts
        self._study.split(self._packs[pack.number], known)

    def _put_back(self, *packs: Pack) -> None:
        self._waiting = sorted([*packs, *self._waiting], key=lambda pack: (pack.number, pack.trials))

    def close(self) -> None:
        """Leave no trial marked as running that nobody trains."""
        self._study.requeue()

    def standing(self) -> Standing:
        """Count what is done."""
        training = [pack for trials, pack in self._running.items() if trials in self._epochs]
        return Standing(
            trials=self._plan.trials,
            finished=self._finished.copy(),
            running=sum(len(pack.proposals) for pack in training),
            under_way=sum(len(pack.proposals) * self._epochs[pack.trials] / self._plan.epochs for pack in training),
            best=None if self._best is None else (-self._best[1], self._best[0]),
        )

    def _arrived(self, pack: Pack) -> bool:
        return all(proposal.number in self._outcomes for proposal in pack.proposals)

    def _catch_up(self) -> None:
        """Find where telling stopped; a pack that was told in part is finished first."""
        finished = self._study.told_trials()
        for pack in self._packs:
            if not any(proposal.number in finished for proposal in pack.proposals):
                break
            self._tell(pack)
        if self.all_asked:
            self._tell_up_to(len(self._packs) - 1)

    def _tell_up_to(self, last: int) -> bool:
        """Tell all packs up to number `last`; false if one of them has not arrived."""
        while self._told <= last:
            pack = self._packs[self._told]
            if not self._arrived(pack):
                return False
            self._tell(pack)
        return True

    def _tell(self, pack: Pack) -> None:
        for proposal in pack.proposals:
            self._study.tell(proposal.number, self._outcomes[proposal.number])
        self._known.add([self._outcomes[proposal.number] for proposal in pack.proposals])
        self._told = pack.number + 1

    def _ask_window(self) -> None:
        first = self._asked
        groups = self._propose(first, self._plan.trials - first)
        self._study.assign(first, [[proposal.number for proposal in group] for group in groups])
        for group in groups:
            self._asked += len(group)
            self._packs.append(Pack(number=len(self._packs), proposals=group))
            self._parts[self._packs[-1].number] = [self._packs[-1]]
            self._waiting.append(self._packs[-1])

    def _propose(self, first: int, left: int) -> list[tuple[Proposal, ...]]:
        """Ask for the trials from number `first` on, `left` at most, in packs."""
        entry = SAMPLERS[self._plan.sampler]
        repeated = self._to_repeat(first)
        if entry.propose is not None and not repeated:
            return [tuple(self._study.ask_pack(first, pack=len(self._packs), members=self._members(first, left)))]
        if repeated:
            proposals = [self._study.ask_again(first + i, trial) for i, trial in enumerate(repeated)]
        else:
            proposals = [self._study.ask(first + i) for i in range(min(entry.window, left))]
        size = self._plan.pack_size
        return group_proposals(proposals, capacity=(lambda _: size) if size else self._capacity)

    def _to_repeat(self, first: int) -> list[int]:
        """List the trials whose configurations the trials from number `first` on are to try again."""
        ranges = self._repeated.items()
        return next((t[first - start :] for start, t in ranges if start <= first < start + len(t)), [])

    def _members(self, first: int, left: int) -> Callable[[Configuration], int]:
        """Say how many members a pack should have, from the configuration of its first."""
        if SAMPLERS[self._plan.sampler].learns:
            enough = max(FIRST_MEMBERS, math.ceil(first / GROWTH))
        else:
            enough = max(1, self._plan.trials // MIN_PACKS)

        def count(configuration: Configuration) -> int:
            # The others may be as wide as the shape allows.
            widest = widest_of(configuration)
            return min(self._plan.pack_size or min(self._capacity(widest), enough), left)

        return count

    def _task(self, pack: Pack) -> PackTask:
        # The packs that had been told when this one was first asked; more may have been by now, or
        # fewer where the packs that are left do not wait for each other.
        told = max(0, pack.number - self.lookahead + 1)
        return PackTask(
            pack=pack,
            data=self._plan.data,
            epochs=self._plan.epochs,
            batch_seed=self._plan.protocol.order_seed(self._plan.seed),
            protocol=self._plan.protocol,
            device=self._device,
            precision=self._plan.precision,
            halving=self._known.halving(told),
            checkpoint_interval_s=self._checkpoint_interval_s,
            known_best=self._known.best(min(told, self._told)),
            whole=self._whole_of(pack),
        )

    def _whole_of(self, pack: Pack) -> tuple[Configuration, ...]:
        """List what the parts of a pack have to know of each other; nothing once it failed, or where they compare."""
        if self._compares or pack.trials in self._failed_halves:
            return ()
        return tuple(proposal.configuration for proposal in self._packs[pack.number].proposals)


class _Known:
    """What pack after pack taught, as it was known after each of them.

    Args:
        rungs: at which accuracies are kept; none without halving.
    """

    def __init__(self, rungs: tuple[int, ...]) -> None:
        self._accuracies: dict[int, list[float]] = {rung: [] for rung in rungs}
        self._counts: dict[int, list[int]] = {rung: [0] for rung in rungs}
        self._bests = [-1.0]

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Take in the next pack."""
        for rung, accuracies in self._accuracies.items():
            accuracies += [accuracy for outcome in outcomes for epoch, accuracy in outcome.curve if epoch == rung]
            self._counts[rung].append(len(accuracies))
        complete = [o.validation.joint for o in outcomes if _is_complete(o) and o.validation]
        self._bests.append(max(self._bests[-1], *complete) if complete else self._bests[-1])

    def halving(self, packs: int) -> HalvingPlan:
        """Plan the rungs from what the first `packs` packs taught."""
        told = {rung: tuple(known[: self._counts[rung][packs]]) for rung, known in self._accuracies.items()}
        return HalvingPlan(rungs=tuple(self._accuracies), told=told)

    def best(self, packs: int) -> float:
        """Give the best accuracy of a COMPLETE trial in the first `packs` packs, or -1."""
        return self._bests[packs]


def _in_words(pack: Pack) -> str:
    """Name the trials of a pack shortly: trial 7, or trials 3 to 12."""
    first, last = pack.trials[0], pack.trials[-1]
    return f"Trial {first}" if first == last else f"Trials {first} to {last}"


def _merit(number: int, outcome: Outcome) -> tuple[float, int]:
    """Order COMPLETE trials: by accuracy, ties by number."""
    assert outcome.validation is not None
    return outcome.validation.joint, -number


def _is_complete(outcome: Outcome) -> bool:
    return outcome.state is TrialState.COMPLETE
