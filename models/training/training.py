"""The training loop: one pack of one or more members, trained epoch by epoch, evaluated, compacted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from packtune.data.dataset import Dataset, Split
from packtune.models.architectures.catalog import build_network
from packtune.models.configuration import Configuration
from packtune.models.hardware.cuda_libraries import library_settings
from packtune.models.hardware.precision import Precision
from packtune.models.network import PackedNetwork
from packtune.models.training.optimizer import SGD
from packtune.models.training.resident import Resident
from packtune.models.training.steps import make_steps

EVALUATION_BATCH = 1000
CUDA_EVALUATIONS = 32_768  # images times members at once: what 32 members make of a batch, so that maps fit in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One trial of a pack.

    Attributes:
        configuration: what to train.
        seed: of the initial weights, 0 to 2**63 - 1.
    """

    configuration: Configuration
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How well one member labels one split.

    Attributes:
        accuracy: share of images with every head right, 0 to 1.
        head_accuracies: share right for each head, 0 to 1.
        loss: cross-entropy in nats, mean over images and heads; not finite once a member has diverged.
    """

    accuracy: float
    head_accuracies: tuple[float, ...]
    loss: float

    @property
    def diverged(self) -> bool:
        """Tell whether the member's numbers have left the finite range."""
        return not math.isfinite(self.loss)


class PackTraining:
    """Trains the members of a pack on the same mini-batches.

    Args:
        members: their configurations share the batch size and the layers, up to widths.
        dataset: its training split is what they learn.
        batch_seed: of the order of the training images and of the dropout masks, 0 to 2**63 - 1.
        device: where to train.
        shuffle: whether to draw a new order for each epoch, or walk the split as it stands.
        precision: in which numbers large products are computed.
        whole: the configurations of the pack that these members are a part of: how far they are padded and by which
            rule they are updated is then chosen as for the whole pack, and stays so whoever leaves. A part then gives
            the whole pack's bytes wherever the processor's products do (see `calibration`). Empty to choose
            by the members that are here.

    Attributes:
        epoch: epochs trained so far.
    """

    def __init__(
        self,
        members: Sequence[Member],
        dataset: Dataset,
        *,
        batch_seed: int,
        device: torch.device | str = "cpu",
        shuffle: bool = True,
        precision: Precision = Precision.FLOAT32,
        whole: Sequence[Configuration] = (),
    ) -> None:
        batch_size = _batch_size_of(members, dataset)
        self._device = torch.device(device)
        self._members = list(members)
        self._dataset = dataset
        self._order = torch.Generator().manual_seed(batch_seed)
        self._shuffle = shuffle
        self._precision = precision
        self._masks = torch.Generator(self._device).manual_seed(batch_seed)
        self._network = PackedNetwork(
            [self._plain(member) for member in [*members, *_wider_member(members, whole)]],
            device=self._device,
            generator=self._masks,
            products=precision.product_dtype,
        )
        if self._network.members > len(members):
            self._network.keep(torch.arange(len(members), device=self._device))
        self._optimizer = SGD([member.configuration for member in members], self._device, whole)
        self._residents: dict[Split, Resident] = {}
        train = self._resident(dataset.train)
        # The step is no method of this class: a cycle of references would keep the tensors until Python looks for it.
        step = partial(learn, self._network, self._optimizer, dataset.classes)
        self._steps = make_steps(step, train, batch_size, self._masks)
        self.epoch = 0

    @torch.inference_mode()
    def train_epoch(self) -> None:
        """Walk once through the training split in full mini-batches; the images left over are not used."""
        n = len(self._dataset.train)
        order = torch.randperm(n, generator=self._order) if self._shuffle else torch.arange(n)
        with library_settings(self._device, tf32=self._precision is Precision.TF32):
            self._steps.run(order)
        self.epoch += 1

    @torch.inference_mode()
    def evaluate(self, split: Split) -> list[Evaluation]:
        """Label a split with every member: one evaluation a member, in their order."""
        tally = _Tally(self._network.members, self._dataset.heads, self._device)
        with library_settings(self._device, tf32=self._precision is Precision.TF32):
            for images, labels in self._resident(split).chunks(self._evaluation_batch()):
                tally.add(self._network.forward(images, training=False), labels)
        return tally.evaluations()

    @torch.inference_mode()
    def keep(self, places: Sequence[int]) -> None:
        """Train on with only the members at `places`, in that order."""
        if list(places) == list(range(len(self._members))):
            return
        index = torch.tensor(places, dtype=torch.int64, device=self._device)
        self._network.keep(index)
        self._optimizer.keep(index)
        self._steps.forget()
        self._members = [self._members[place] for place in places]

    def unpack(self, place: int) -> nn.Sequential:
        """Take the member at `place` out as a plain network: images float32 [n, 1, h, w] in [0, 1) -> [n, outputs]."""
        return self._network.unpack(place, self._plain(self._members[place]))

    def state_dict(self) -> dict[str, Any]:
        """Give all that training changes, as tensors, numbers and lists: what `load_state_dict` goes on from."""
        return {
            "epoch": self.epoch,
            "order": self._order.get_state(),
            "masks": self._masks.get_state(),
            "values": [parameter.value.cpu() for parameter in self._network.parameters()],
            "momentum_buffers": [
                None if parameter.momentum is None else parameter.momentum.cpu()
                for parameter in self._network.parameters()
            ],
        }

    @torch.inference_mode()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another training of the same members stood: from here on, both give the same bytes.

        Raises:
            ValueError, KeyError, TypeError, RuntimeError, AttributeError: the state is not one of these members.
        """
        parameters = self._network.parameters()
        for parameter, value, buffer in zip(parameters, state["values"], state["momentum_buffers"], strict=True):
            parameter.load(value, buffer)
        self._steps.forget()
        self._order.set_state(state["order"])
        self._masks.set_state(state["masks"])
        self.epoch = state["epoch"]

    def _resident(self, split: Split) -> Resident:
        """Keep each split on the device from its first use on."""
        if split not in self._residents:
            self._residents[split] = Resident(split, self._dataset.classes, self._device, self._network.products)
        return self._residents[split]

    def _evaluation_batch(self) -> int:
        if self._device.type != "cuda":
            return EVALUATION_BATCH
        return max(1, min(EVALUATION_BATCH, CUDA_EVALUATIONS // self._network.members))

    def _plain(self, member: Member) -> nn.Sequential:
        data = self._dataset
        return build_network(
            member.configuration,
            height=data.height,
            width=data.width,
            outputs=data.heads * data.classes,
            seed=member.seed,
        )


def learn(network: PackedNetwork, optimizer: SGD, classes: int, images: Tensor, targets: Tensor) -> None:
    """Take one step on a mini-batch: images float32 [batch, 1, h, w], one-hot float32 [heads * classes, batch]."""
    logits = network.forward(images, training=True)
    network.backward(loss_gradient(logits, targets, classes), optimizer)


def loss_gradient(logits: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Differentiate the cross-entropy, mean over images and heads, by the logits.

    Args:
        logits: float32 [members, heads * classes, batch]
        targets: one-hot float32 [heads * classes, batch]

    Returns:
        float32 [members, heads * classes, batch]
    """
    outputs, batch = targets.shape
    heads = outputs // classes
    probabilities = torch.softmax(logits.view(-1, heads, classes, batch), dim=2).view(-1, outputs, batch)
    return probabilities.sub_(targets).mul_(1 / (batch * heads))


class _Tally:
    """Sums of right answers and losses over chunks, kept on the device until asked for."""

    def __init__(self, members: int, heads: int, device: torch.device) -> None:
        self._right = torch.zeros(members, heads, dtype=torch.int64, device=device)
        self._all_right = torch.zeros(members, dtype=torch.int64, device=device)
        self._loss = torch.zeros(members, dtype=torch.float64, device=device)
        self._images = 0

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Count logits float32 [members, heads * classes, n] against labels int64 [n, heads]."""
        scores = logits.unflatten(1, (labels.shape[1], -1))  # [members, heads, classes, n]
        truth = labels.t().expand(len(scores), -1, -1)  # [members, heads, n]
        right = scores.argmax(2) == truth
        self._right += right.sum(2)
        self._all_right += right.all(1).sum(1)
        losses = scores.logsumexp(2) - scores.gather(2, truth.unsqueeze(2)).squeeze(2)
        self._loss += losses.mean(1).sum(1, dtype=torch.float64)
        self._images += len(labels)

    def evaluations(self) -> list[Evaluation]:
        """Divide the sums by the number of images."""
        n = self._images
        rows = zip(self._all_right.tolist(), self._right.tolist(), self._loss.tolist(), strict=True)
        return [
            Evaluation(accuracy=both / n, head_accuracies=tuple(r / n for r in heads), loss=loss / n)
            for both, heads, loss in rows
        ]


def _wider_member(members: Sequence[Member], whole: Sequence[Configuration]) -> list[Member]:
    """Give a member as wide as the widest of the whole pack, if none of these is: the others are padded to it."""
    widest = max((configuration.hidden_units for configuration in whole), default=0)
    if widest <= max(member.configuration.hidden_units for member in members):
        return []
    return [replace(members[0], configuration=replace(members[0].configuration, hidden_units=widest))]


def _batch_size_of(members: Sequence[Member], dataset: Dataset) -> int:
    sizes = {member.configuration.batch_size for member in members}
    if len(sizes) != 1:
        raise ValueError(f"the members of a pack must share one batch size, not {sorted(sizes)}")
    (size,) = sizes
    if size > len(dataset.train):
        raise ValueError(
            f"batch_size {size} is larger than the training split of {dataset.name} ({len(dataset.train)} images): "
            "no step could be taken; use a smaller one"
        )
    return size
