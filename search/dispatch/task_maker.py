"""Makes the task of a pack: what a worker needs to know, from the plan and from what was told before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from packtune.dispatch.knowledge import Knowledge
from packtune.dispatch.pack_task import PackTask
from packtune.dispatch.standing import StageName
from packtune.models.hardware.device import Device
from packtune.models.training.own_choice import share_choice
from packtune.proposals.catalog import make_proposer
from packtune.proposals.given import NOTHING, Given
from packtune.proposals.packing import pack_capacity
from packtune.proposals.proposer import Capacity, Proposer
from packtune.settings import SettledPlan
from packtune.space.space import Space
from packtune.trial import Pack


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSeeds:
    """The seeds that the members of a pack share.

    Attributes:
        batches: see `PackTask.batch_seed`.
        resampling: see `PackTask.resampling_seed`.
    """

    batches: int
    resampling: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one stage of a search proposes, and how that is trained.

    Attributes:
        capacity: the largest number of members of a pack with a configuration, where the plan names none.
        seeds_of: gives the seeds of a pack.
        known_best: models are sent back above this merit on validation; none for the best of the packs so far.
        wants_answers: see `PackTask`.
        given: what a user gave to begin with.
        name: of the stage, for those who show it.
    """

    proposer: Proposer
    capacity: Capacity
    seeds_of: Callable[[Pack], PackSeeds]
    known_best: float | None = None
    wants_answers: bool = False
    given: Given = NOTHING
    name: StageName = StageName.EXPLORATION


def exploration(
    space: Space,
    plan: SettledPlan,
    *,
    device: Device,
    capacity: Capacity | None = None,
    given: Given = NOTHING,
) -> Stage:
    """Give the stage in which the sampler of a plan proposes: all packs see the images in the same order.

    Args:
        capacity: none for the rule of `pack_capacity`.
        given: what a user gave to begin with.

    Raises:
        SettingsError, SpaceError: see `make_proposer`.
    """
    seeds = PackSeeds(batches=plan.protocol.order_seed(plan.seed))
    return Stage(
        proposer=make_proposer(space, plan, given),
        capacity=capacity or partial(pack_capacity, device=device),
        seeds_of=lambda pack: seeds,
        given=given,
    )


class TaskMaker:
    """Makes the tasks of one stage.

    Args:
        knowledge: what the packs taught that were told.
        device: where the packs are trained.
        checkpoint_interval_s: see `PackTask`.
    """

    def __init__(
        self,
        plan: SettledPlan,
        knowledge: Knowledge,
        stage: Stage,
        *,
        device: Device,
        checkpoint_interval_s: float,
    ) -> None:
        self._plan = plan
        self._stage = stage
        self._knowledge = knowledge
        self._device = device
        self._checkpoint_interval_s = checkpoint_interval_s

    def make(self, pack: Pack, whole: Pack | None) -> PackTask:
        """Make the task of a pack, or of a part of one.

        Args:
            whole: the pack that a part has to train like; none if `pack` stands for itself.
        """
        # The packs that were told when this pack was proposed. By now more may have been told, or fewer where the last
        # packs do not wait for each other.
        told = max(0, pack.number - self._plan.lookahead + 1)
        seeds, stage = self._stage.seeds_of(pack), self._stage
        known = self._knowledge.best(min(told, self._knowledge.n_packs))
        data = self._plan.description
        return PackTask(
            pack=pack,
            data=data.name,
            epochs=self._plan.epochs,
            batch_seed=seeds.batches,
            protocol=self._plan.protocol,
            device=self._device,
            precision=self._plan.precision,
            metric=self._plan.metric,
            halving=self._knowledge.halving(told),
            checkpoint_interval_s=self._checkpoint_interval_s,
            known_best=known if stage.known_best is None else stage.known_best,
            resampling_seed=seeds.resampling,
            wants_answers=stage.wants_answers,
            choice=share_choice(pack.proposals[0].configuration, input_shape=data.input_shape, outputs=data.outputs),
            whole=() if whole is None else tuple(proposal.configuration for proposal in whole.proposals),
        )
