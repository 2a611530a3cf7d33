"""What a plan leaves open is settled once the hardware is known, and kept: a run goes on as it began."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from packtune.dispatch.halving import stops_early
from packtune.errors import SettingsError
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision, fastest_precision
from packtune.proposals.catalog import find_sampler
from packtune.run.folder import Run
from packtune.run.settings_file import read_settings, write_settings
from packtune.settings import Placement, Resources, SearchPlan, SettledPlan

# The result of a search depends on the lookahead. A few workers therefore do not change it, and a short search does not
# let many workers change it, as it would then learn from too little.
MIN_LOOKAHEAD = 4
TRIALS_OF_LOOKAHEAD = 4


def settle(run: Run, placement: Placement) -> tuple[Run, SettledPlan]:
    """Settle the plan of a run, in its settings file too.

    Returns:
        The run with its plan settled, and that plan.

    Raises:
        SettingsError: a new run asks for numbers that the hardware does not have.
    """
    plan = run.settings.plan
    if run.new and plan.precision is Precision.TF32 and placement.device is Device.CPU:
        raise SettingsError(
            "precision = tf32 is not allowed on a CPU, which multiplies no such numbers: give float32, bfloat16 or auto"
        )
    settled = plan.settle(
        precision=plan.precision or fastest_precision(placement.device),
        lookahead=plan.lookahead
        or lookahead_for(plan, workers=run.settings.resources.workers, at_hand=placement.at_hand),
    )
    if plan.precision is None or plan.lookahead is None:
        # Options of one start, such as a time budget, do not get into the file.
        kept = read_settings(run.folder.settings)
        completed = replace(kept.plan, precision=settled.precision, lookahead=settled.lookahead)
        write_settings(kept.with_plan(completed), run.folder.settings)
    return replace(run, settings=run.settings.with_plan(settled)), settled


def advise(
    plans: Sequence[SettledPlan], resources: Resources, placement: Placement, say: Callable[[str], None]
) -> None:
    """Tell a person that workers stay idle because of the lookahead, where a new search would use them."""
    at_once = sum(plan.lookahead for plan in plans)
    worth = sum(lookahead_for(plan, workers=resources.workers, at_hand=placement.at_hand) for plan in plans)
    if at_once < min(worth, placement.at_hand):
        say(
            f"There is room for {placement.at_hand} workers, but no more than {at_once} packs train at once "
            f"(lookahead, which the leaderboard depends on): a new run with --lookahead {placement.at_hand} uses them "
            "all."
        )


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
