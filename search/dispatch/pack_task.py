"""What a worker gets, a task, and what it gives back, a report."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from packtune.dispatch.halving import HalvingPlan
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.protocol import Protocol
from packtune.trial import Outcome, Pack


@dataclass(frozen=True, slots=True, kw_only=True)
class PackTask:
    """All that a worker needs to know besides the data set.

    Attributes:
        data: name of the data set.
        epochs: full training.
        batch_seed: see `PackTraining`.
        device: where to train.
        precision: of the products, where it pays.
        known_best: joint validation accuracy above which the trained weights are worth sending back.
        whole: the configurations of the whole pack if its members are to train alike in parts of it, see
            `PackTraining`; empty if `pack` stands for itself.
        checkpoint: of the same task, to go on from; one that does not fit is ignored.
        checkpoint_interval_s: time between checkpoints, written at the end of a round.
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
    whole: tuple[Configuration, ...] = ()
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
        error: of a training that raised it; nothing else is known then.
        model: the best COMPLETE member as bytes of a model file, if above the task's `known_best`.
        model_trial, model_accuracy: its trial number and joint validation accuracy.
    """

    outcomes: tuple[Outcome, ...] = ()
    error: str = ""
    model: bytes | None = None
    model_trial: int | None = None
    model_accuracy: float = -1.0
