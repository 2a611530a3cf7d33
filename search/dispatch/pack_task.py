"""What a worker gets, a task, and what it gives back, a report."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from packtune.dispatch.halving import HalvingPlan
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.own_choice import SharedChoice
from packtune.protocol import Protocol
from packtune.trial import Outcome, Pack


@dataclass(frozen=True, slots=True, kw_only=True)
class PackTask:
    """All that a worker needs to know besides the data set.

    Attributes:
        pack: whose members are trained.
        data: name of the data set.
        epochs: of full training, 1 or more.
        batch_seed: see `PackTraining`.
        protocol: how trials are trained and evaluated.
        device: where the pack is trained.
        precision: of large products, where it is faster.
        halving: when members are compared, and with what.
        known_best: merit on validation, 0 to 1 or -1 for none; trained weights are sent back only above it.
        resampling_seed: of a fresh split of training and validation images; none to keep the data set's own.
        wants_answers: whether the outcomes have the answers image by image.
        whole: the configurations of the whole pack, if `pack` is a part that has to train like it, see `PackTraining`;
            empty if `pack` stands for itself.
        metric: by which members are scored, compared and kept.
        choice: how networks of the user's own are trained, if this is known already.
        checkpoint: of the same task, to go on from; one of another task is ignored.
        checkpoint_interval_s: seconds between checkpoints, which are written at the end of a round.
    """

    pack: Pack
    data: str
    epochs: int
    batch_seed: int
    protocol: Protocol = Protocol.SEARCH
    device: Device = Device.CPU
    precision: Precision = Precision.FLOAT32
    halving: HalvingPlan = field(default_factory=HalvingPlan)
    known_best: float = field(default=-1.0, repr=False)
    resampling_seed: int | None = None
    wants_answers: bool = False
    whole: tuple[Configuration, ...] = ()
    metric: Metric = Metric.ACCURACY
    choice: SharedChoice | None = field(default=None, repr=False)
    checkpoint: bytes | None = field(default=None, repr=False)
    checkpoint_interval_s: float = field(default=30.0, repr=False)

    @property
    def key(self) -> str:
        """Identify the training: tasks of one key train alike, byte for byte, on the same machine."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackReport:
    """How each trial of a pack ended, in the pack's order.

    Attributes:
        outcomes: of the members; empty if the training raised an error.
        error: that the training raised; empty if it raised none.
        model: the best COMPLETE member as bytes of a model file, if it is above the task's `known_best`.
        model_trial: its trial number.
        model_merit: what its score on validation is compared by, 0 to 1; -1 without a model.
    """

    outcomes: tuple[Outcome, ...] = ()
    error: str = ""
    model: bytes | None = None
    model_trial: int | None = None
    model_merit: float = -1.0
