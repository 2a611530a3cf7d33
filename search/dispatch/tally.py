"""Counts what is finished and what is in training, for the standing of a search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from packtune.dispatch.knowledge import final_merit
from packtune.dispatch.standing import Kind, Load, Spent, Standing
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
    """

    def __init__(self, space: Space, plan: SearchPlan, records: Iterable[TrialRecord]) -> None:
        self._data = plan.description
        self._trials = plan.trials
        self._epochs = plan.epochs
        self._listed = space.enumerate() if count_listed(plan.sampler, space) else []
        self._space = space
        self._handed_out: dict[tuple[int, ...], Pack] = {}
        self._trained: dict[tuple[int, ...], int] = {}
        self._finished: Counter[TrialState] = Counter()
        self._metric = plan.metric
        self._best: tuple[float, int, float] | None = None  # merit, minus the number of the trial, score
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
        if outcome.state is TrialState.COMPLETE and outcome.validation is not None:
            this = final_merit(outcome), -proposal.number, outcome.validation.score  # ties go to the lower number
            self._best = max(self._best or this, this)

    def left_to_train(self) -> list[tuple[Pack, float]]:
        """List the packs that are handed out, and the share of each that is still to be trained, 0 to 1."""
        return [(pack, 1 - self._trained.get(key, 0) / self._epochs) for key, pack in self._handed_out.items()]

    def standing(self, waiting: Sequence[Pack], proposed: int) -> Standing:
        """Say where the search stands.

        Args:
            waiting: the packs that are proposed and not handed out.
            proposed: the number of trials proposed so far.
        """
        training = [pack for key, pack in self._handed_out.items() if key in self._trained]
        epochs_done = (len(pack.proposals) * self._trained[pack.trials] for pack in training)
        return Standing(
            trials=self._trials,
            finished=self._finished.copy(),
            running=sum(len(pack.proposals) for pack in training),
            under_way=sum(epochs / self._epochs for epochs in epochs_done),
            best=None if self._best is None else (-self._best[1], self._best[2]),
            metric=self._metric,
            load=self._load(waiting, proposed, len(training)),
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
