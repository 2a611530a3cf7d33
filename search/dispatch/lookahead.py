"""How many packs may be open at the same time: proposed, and not yet told."""

from __future__ import annotations

from packtune.dispatch.halving import stops_early
from packtune.proposals.catalog import find_sampler
from packtune.settings import SearchPlan

# The result of a search depends on the lookahead. A few workers therefore do not change it, and a short search does not
# let many workers change it, as it would then learn from too little.
MIN_LOOKAHEAD = 4
TRIALS_OF_LOOKAHEAD = 4


def lookahead_for(plan: SearchPlan, *, workers: int | None, at_hand: int) -> int:
    """Give the lookahead that keeps the workers busy, 4 or more.

    Where nobody asked for a number of workers and the search learns from its trials, the lookahead is at most a quarter
    of them.

    Args:
        workers: that were asked for; none if no number was.
        at_hand: workers that could be busy now, at most those asked for.
    """
    learns = stops_early(plan) or find_sampler(plan.sampler).learns
    useful = at_hand if workers or not learns else min(at_hand, plan.trials // TRIALS_OF_LOOKAHEAD)
    return max(MIN_LOOKAHEAD, useful)
