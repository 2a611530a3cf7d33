"""How many packs are asked for before the first of them is told."""

from __future__ import annotations

from packtune.dispatch.halving import stops_early
from packtune.proposals.samplers import SAMPLERS
from packtune.settings import SearchPlan

# The result of a search depends on the lookahead. It therefore does not follow the number of workers as long as these
# are few, nor where a search is short and would learn from too little.
MIN_LOOKAHEAD = 4
TRIALS_OF_LOOKAHEAD = 4


def lookahead_for(plan: SearchPlan, *, workers: int | None, at_hand: int) -> int:
    """Give the lookahead that keeps the workers busy: those asked for, or as many as the trials are worth.

    Args:
        workers: that were asked for; none if no number was.
        at_hand: workers that there is room for now, at most those asked for.
    """
    learns = stops_early(plan) or SAMPLERS[plan.sampler].learns
    worth = at_hand if workers or not learns else min(at_hand, plan.trials // TRIALS_OF_LOOKAHEAD)
    return max(MIN_LOOKAHEAD, worth)
