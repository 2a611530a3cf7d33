"""Selection in simulated searches: by packtune's own rule, and by means alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from probit import POOL, Floats, Search

from packtune.confirmation.judgement import Judgement, Rules
from packtune.confirmation.selection import rank_finalists, survivors
from packtune.confirmation.sizes import Sizes


def confirm(search: Search, sizes: Sizes, scores: Floats) -> tuple[NDArray[np.intp], Judgement]:
    """Train the finalists in rounds.

    Returns:
        The configurations that are the finalists 0, 1, ..., and what selection says of these.
    """
    cell = search.cell
    configurations = np.argsort(-scores, kind="stable")[: sizes.finalists]
    overlap = cell.validation / POOL if cell.resampled else 0.0
    rules = Rules(images=cell.validation, resampled=cell.resampled, overlap=overlap)
    left = tuple(range(sizes.finalists))
    judgement = Judgement.of_nothing(len(left), [0] * len(left), rules)
    for number, round in enumerate(sizes.rounds):
        left = judgement.next_round(left, round.finalists) if number else left
        trained = search.train(tuple(int(configurations[f]) for f in left), round.repeats)
        judgement = judgement.after(dict(zip(left, trained.values(), strict=True)))
    return configurations, judgement


def select_by_means(search: Search, sizes: Sizes, scores: Floats) -> int:
    """Select a configuration by its rounds and its mean alone."""
    configurations = np.argsort(-scores, kind="stable")
    left, answers = tuple(range(sizes.finalists)), dict[int, NDArray[np.bool_]]()
    for round in sizes.rounds:
        left = survivors({f: answers[f] for f in left}, round.finalists) if answers else left
        trained = search.train(tuple(int(configurations[f]) for f in left), round.repeats)
        for f, new in zip(left, trained.values(), strict=True):
            answers[f] = np.concatenate([answers[f], new]) if f in answers else new
    return int(configurations[rank_finalists(answers)[0]])
