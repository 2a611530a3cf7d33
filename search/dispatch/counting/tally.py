"""Counts what is finished and what is in training, for the standing of a search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from packtune.dispatch.counting.leaders import Leaders
from packtune.dispatch.standing import Kind, Load, PackProgress, Spent, StageName, Standing
from packtune.models.configuration import Configuration
from packtune.proposals.catalog import count_listed
from packtune.proposals.packing import plainest_of
from packtune.settings import SearchPlan
from packtune.space.space import Space
from packtune.trial import Outcome, Pack, Proposal, TrialRecord, TrialState

MOST_LOOKED_AT = 500
"""Trials of a list that are looked at ahead of their proposal; of a longer rest these are a sample."""


class Tally:
    """The packs that were handed out, how far they are, and the outcomes so far.

    Args:
        records: of the trials that a search which goes on has already.
        stage: that is counted.
    """

    def __init__(
        self,
        space: Space,
        plan: SearchPlan,
        records: Iterable[TrialRecord],
        stage: StageName = StageName.EXPLORATION,
    ) -> None:
        self._stage = stage
        self._data = plan.description
        self._trials = plan.trials
        self._epochs = plan.epochs
        self._listed = space.enumerate() if count_listed(plan.sampler, space) else []
        self._space = space
        self._handed_out: dict[tuple[int, ...], Pack] = {}
        self._trained: dict[tuple[int, ...], int] = {}
        self._finished: Counter[TrialState] = Counter()
        self._metric = plan.metric
        self._leaders = Leaders()
        self._spent: dict[Kind, Spent] = {}
        self._total = Spent()
        self._ahead: tuple[int, list[tuple[Kind, int]]] = (-1, [])
        for record in records:
            if record.outcome is not None:
                self.finish(record.proposal, record.outcome)

    def __len__(self) -> int:
        """Give the number of packs that are handed out."""
        return len(self._handed_out)

    def hand_out(self, pack: Pack) -> None:
        """Count a pack as handed out; it may still wait for a worker."""
        self._handed_out[pack.trials] = pack
        self._trained.pop(pack.trials, None)

    def take_back(self, pack: Pack) -> None:
        """Count a pack as handed out no longer."""
        del self._handed_out[pack.trials]

    def note_epochs(self, pack: Pack, epochs: int) -> None:
        """Note how many epochs a pack has trained, 0 when it starts."""
        self._trained[pack.trials] = epochs

    def finish(self, proposal: Proposal, outcome: Outcome) -> None:
        """Count an outcome."""
        self._finished[outcome.state] += 1
        if outcome.epochs:
            kind = self._kind_of(proposal.configuration)
            more = Spent(trials=1, epochs=outcome.epochs, seconds=outcome.seconds)
            self._spent[kind] = self._spent.get(kind, Spent()) + more
            self._total += more
        self._leaders.offer(proposal, outcome, self._finished.total())

    def left_to_train(self) -> list[tuple[Pack, float]]:
        """List the packs that are handed out, and the share of each that is still to be trained, 0 to 1."""
        return [(pack, 1 - self._trained.get(key, 0) / self._epochs) for key, pack in self._handed_out.items()]

    def standing(self, waiting: Sequence[Pack], proposed: int) -> Standing:
        """Say where the search stands.

        Args:
            waiting: the packs that are proposed and not handed out.
            proposed: the number of trials proposed so far.
        """
        packs = tuple(self._progress(pack) for key, pack in self._handed_out.items() if key in self._trained)
        leaders = self._leaders.best
        return Standing(
            trials=self._trials,
            finished=self._finished.copy(),
            running=sum(pack.members for pack in packs),
            under_way=sum(pack.members * pack.epochs / self._epochs for pack in packs),
            best=(leaders[0].trial, leaders[0].score) if leaders else None,
            metric=self._metric,
            load=self._load(waiting, proposed, len(packs)),
            stage=self._stage,
            leaders=tuple(leaders),
            rise=tuple(self._leaders.rise),
            packs=packs,
        )

    def _progress(self, pack: Pack) -> PackProgress:
        return PackProgress(
            number=pack.number,
            architecture=pack.proposals[0].configuration.architecture,
            members=len(pack.proposals),
            epochs=self._trained[pack.trials],
            of_epochs=self._epochs,
        )

    def _load(self, waiting: Sequence[Pack], proposed: int, training: int) -> Load:
        packs = [*((pack, 1.0) for pack in waiting), *self.left_to_train()]
        left = [(self._kind_of(pack.proposals[0].configuration), len(pack.proposals), share) for pack, share in packs]
        ahead = [(kind, n, 1.0) for kind, n in self._look_ahead(proposed)]
        epochs = self._epochs * self._share_trained()
        return Load(
            spent=dict(self._spent),
            left=tuple((kind, n, n * share * epochs) for kind, n, share in [*left, *ahead]),
            unproposed=0 if self._listed else self._trials - proposed,
            training=training,
        )

    def _share_trained(self) -> float:
        """Give the share of the epochs that the finished trials trained: below 1 where some stop early."""
        full = self._total.trials * self._epochs
        return min(1.0, self._total.epochs / full) if full else 1.0

    def _look_ahead(self, proposed: int) -> list[tuple[Kind, int]]:
        """Give the kinds of the trials that a list has after those proposed, with the number of each."""
        if self._listed and proposed != self._ahead[0]:
            n = self._trials - proposed
            step = max(1, n // MOST_LOOKED_AT)
            rows = (self._listed[number % len(self._listed)] for number in range(proposed, self._trials, step))
            kinds = Counter(self._kind_of(self._space.configuration_of(row)) for row in rows)
            self._ahead = proposed, [(kind, step * count) for kind, count in kinds.items()]
        return self._ahead[1]

    def _kind_of(self, configuration: Configuration) -> Kind:
        return self._data, plainest_of(configuration)
