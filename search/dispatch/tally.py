"""Counts what is finished and what is in training, for the standing of a search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from packtune.dispatch.knowledge import final_accuracy
from packtune.dispatch.standing import Standing
from packtune.trial import Outcome, Pack, TrialState


class Tally:
    """The packs that were handed out, how far they are, and the outcomes so far.

    Args:
        epochs: of full training.
        outcomes: that a search which goes on has already, by the number of the trial.
    """

    def __init__(self, epochs: int, outcomes: Mapping[int, Outcome]) -> None:
        self._epochs = epochs
        self._handed_out: dict[tuple[int, ...], Pack] = {}
        self._trained: dict[tuple[int, ...], int] = {}
        self._finished: Counter[TrialState] = Counter()
        self._best: tuple[float, int] | None = None
        for number, outcome in outcomes.items():
            self.finish(number, outcome)

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

    def finish(self, number: int, outcome: Outcome) -> None:
        """Count an outcome."""
        self._finished[outcome.state] += 1
        if outcome.state is TrialState.COMPLETE:
            merit = final_accuracy(outcome), -number  # ties go to the lower number
            self._best = max(self._best or merit, merit)

    def left_to_train(self) -> list[tuple[Pack, float]]:
        """List the packs that are handed out, and the share of each that is still to be trained, 0 to 1."""
        return [(pack, 1 - self._trained.get(key, 0) / self._epochs) for key, pack in self._handed_out.items()]

    def standing(self, trials: int) -> Standing:
        """Say where the search stands.

        Args:
            trials: of the whole search.
        """
        training = [pack for key, pack in self._handed_out.items() if key in self._trained]
        epochs_done = (len(pack.proposals) * self._trained[pack.trials] for pack in training)
        return Standing(
            trials=trials,
            finished=self._finished.copy(),
            running=sum(len(pack.proposals) for pack in training),
            under_way=sum(epochs / self._epochs for epochs in epochs_done),
            best=None if self._best is None else (-self._best[1], self._best[0]),
        )
