"""Makes the task of a pack: what a worker needs to know, from the plan and from what was told before."""

from __future__ import annotations

from packtune.dispatch.knowledge import Knowledge
from packtune.dispatch.pack_task import PackTask
from packtune.models.hardware.device import Device
from packtune.settings import SettledPlan
from packtune.trial import Pack


class TaskMaker:
    """Makes the tasks of one search.

    Args:
        knowledge: what the packs taught that were told.
        device: where the packs are trained.
        checkpoint_interval_s: see `PackTask`.
    """

    def __init__(
        self, plan: SettledPlan, knowledge: Knowledge, *, device: Device, checkpoint_interval_s: float
    ) -> None:
        self._plan = plan
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
        return PackTask(
            pack=pack,
            data=self._plan.data,
            epochs=self._plan.epochs,
            batch_seed=self._plan.protocol.order_seed(self._plan.seed),
            protocol=self._plan.protocol,
            device=self._device,
            precision=self._plan.precision,
            halving=self._knowledge.halving(told),
            checkpoint_interval_s=self._checkpoint_interval_s,
            known_best=self._knowledge.best(min(told, self._knowledge.n_packs)),
            whole=() if whole is None else tuple(proposal.configuration for proposal in whole.proposals),
        )
