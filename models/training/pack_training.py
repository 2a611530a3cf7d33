"""The training of one pack: its members learn from the same mini-batches, are evaluated, and may be taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from packtune.data.dataset import Dataset, Split
from packtune.models.architectures.build import build_network
from packtune.models.architectures.shapes import check_augmentation
from packtune.models.configuration import Configuration, Value
from packtune.models.hardware.cuda_libraries import library_settings
from packtune.models.hardware.precision import Precision
from packtune.models.optimization.catalog import make_optimizer
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.rates import Rates
from packtune.models.packed_network import PackedNetwork
from packtune.models.training.augmentation import AUGMENTATIONS, augmented_step
from packtune.models.training.device_split import DeviceSplit
from packtune.models.training.evaluation import Evaluation, Tally, evaluation_batch, right_images
from packtune.models.training.loss import Loss, absent_outputs, without_absent
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.own_choice import choose_for
from packtune.models.training.smoothing import LabelSmoothing
from packtune.models.training.state import TrainingState
from packtune.models.training.steps import make_steps

CHANGES = 1 << 40
"""Sets the seed of the augmentation apart from that of the dropout masks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One trial of a pack.

    Attributes:
        configuration: what to train.
        seed: of the initial weights, 0 to 2**63 - 1.
        epochs: of its full training, 1 or more, even if it may be stopped before. Schedules are planned for them.
    """

    configuration: Configuration
    seed: int
    epochs: int = 1


class PackTraining:
    """Trains the members of a pack on the same mini-batches.

    Args:
        members: their configurations have the same batch size, augmentation and layers; widths may differ.
        dataset: the members learn its training split.
        batch_seed: of the order of the training images, of the dropout masks and of the augmentation, 0 to 2**63 - 1.
        device: where to train.
        shuffle: whether to draw a new order of the images for each epoch, or to keep the order of the split.
        precision: of large products.
        pack_configurations: the configurations of the entire pack, if `members` are only a part of it. Padding and
            update rule are then chosen for the entire pack, and do not change when members are taken out. The part
            gives the same bytes as the entire pack if the processor's products do (see `calibration`). Empty to choose
            both for `members`.

    Attributes:
        epoch: epochs trained so far.
        choice: how networks of the user's own are trained, and why; none for built-in ones.

    Raises:
        ValueError: the members do not fit in one pack, or the batch size is larger than the training split.
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
        pack_configurations: Sequence[Configuration] = (),
    ) -> None:
        batch_size, augmentation = _batch_size_of(members, dataset), _augmentation_of(members, dataset)
        self._device = torch.device(device)
        self._members = list(members)
        self._dataset = dataset
        self._order = torch.Generator().manual_seed(batch_seed)
        self._shuffle = shuffle
        self._precision = precision
        self._masks = torch.Generator(self._device).manual_seed(batch_seed)
        self._changes = torch.Generator(self._device).manual_seed(batch_seed ^ CHANGES)
        self._device_splits: dict[Split, DeviceSplit] = {}
        self._products = precision.product_dtype
        train = self._device_split(dataset.train)
        self.choice = choose_for(
            [member.configuration for member in members],
            input_shape=dataset.input_shape,
            outputs=dataset.outputs,
            device=self._device,
        )
        self._network = PackedNetwork(
            [self._plain(member) for member in [*members, *_wider_member(members, pack_configurations)]],
            device=self._device,
            generator=self._masks,
            products=self._products,
            layout=None if self.choice is None else self.choice.layout,
        )
        if self._network.members > len(members):
            self._network.keep(torch.arange(len(members), device=self._device))
        rates = _rates_of(members, len(dataset.train) // batch_size)
        self._optimizer = make_optimizer(rates, self._device, pack_configurations)
        # Not a method of this class: a reference cycle would keep the tensors until Python's garbage collector runs.
        self._loss = _loss_of(members, dataset, self._device)
        step = partial(train_step, self._network, self._optimizer, self._loss)
        if augmentation in AUGMENTATIONS:
            step = partial(augmented_step, AUGMENTATIONS[augmentation], self._changes, step)
        draws = (self._masks, self._changes)
        self._steps = make_steps(step, train, batch_size, *draws, recorded=self._network.is_recordable)
        self.epoch = 0

    @torch.inference_mode()
    def train_epoch(self) -> None:
        """Train on the training split once, in full mini-batches. Images left over by them are not used."""
        n = len(self._dataset.train)
        order = torch.randperm(n, generator=self._order) if self._shuffle else torch.arange(n)
        self._optimizer.begin_epoch(self.epoch)
        with library_settings(self._device, tf32=self._precision is not Precision.FLOAT32):
            self._steps.run(order)
        self.epoch += 1

    @torch.inference_mode()
    def evaluate(self, split: Split, metric: Metric = Metric.ACCURACY, *, by_image: bool = False) -> list[Evaluation]:
        """Evaluate every member on a split. The evaluations are in the order of the members.

        Args:
            by_image: whether to say, of another metric than accuracy, what each image says about the score.

        Raises:
            ValueError: the metric has no value on this split.
        """
        members = self._network.members
        tally = Tally(members, len(self._dataset.heads), self._device, metric=metric)
        with library_settings(self._device, tf32=self._precision is not Precision.FLOAT32):
            for inputs, labels in self._device_split(split).chunks(self._evaluation_batch):
                tally.add(self._logits(inputs), labels)
        return tally.evaluations(by_image=by_image)

    @property
    def _evaluation_batch(self) -> int:
        return evaluation_batch(self._network.members, self._device, is_own=self.choice is not None)

    @torch.inference_mode()
    def answers(self, split: Split) -> Tensor:
        """Tell which images of a split each member labels right, with every head: bool [members, n], on the CPU."""
        with library_settings(self._device, tf32=self._precision is not Precision.FLOAT32):
            chunks = self._device_split(split).chunks(self._evaluation_batch)
            right = [right_images(self._logits(inputs), labels) for inputs, labels in chunks]
        return torch.cat(right, dim=1).cpu()

    @torch.inference_mode()
    def keep(self, indices: Sequence[int]) -> None:
        """Train on with only the members at `indices`, in that order."""
        if list(indices) == list(range(len(self._members))):
            return
        index = torch.tensor(indices, dtype=torch.int64, device=self._device)
        self._network.keep(index)
        self._optimizer.keep(index)
        self._loss.smoothing.keep(index)
        self._steps.forget()
        self._members = [self._members[i] for i in indices]

    def unpack(self, index: int) -> nn.Module:
        """Copy the member at `index` into a plain network.

        Returns:
            Inputs float32 [n, *input_shape], scaled -> logits float32 [n, heads * classes].
        """
        return self._network.unpack(index, self._plain(self._members[index]))

    def state_dict(self) -> TrainingState:
        """Collect all that training changes. On a CPU, the tensors share their memory with this training."""
        parameters = self._network.parameters()
        return TrainingState(
            epoch=self.epoch,
            order=self._order.get_state(),
            masks=self._masks.get_state(),
            changes=self._changes.get_state(),
            values=[parameter.value.cpu() for parameter in parameters],
            optimizer_states=[{name: t.cpu() for name, t in p.states.items()} for p in parameters],
            state=[tensor.cpu() for tensor in self._network.state()],
        )

    @torch.inference_mode()
    def load_state_dict(self, state: TrainingState) -> None:
        """Continue from the state of another training of the same members. Both then give the same bytes.

        Raises:
            ValueError, KeyError, TypeError, RuntimeError, AttributeError: the state does not fit these members.
        """
        parameters = self._network.parameters()
        for parameter, value, states in zip(parameters, state["values"], state["optimizer_states"], strict=True):
            parameter.load(value, states)
        for tensor, kept in zip(self._network.state(), state["state"], strict=True):
            tensor.copy_(kept)
        self._steps.forget()
        self._order.set_state(state["order"])
        self._masks.set_state(state["masks"])
        self._changes.set_state(state["changes"])
        self.epoch = state["epoch"]

    def _device_split(self, split: Split) -> DeviceSplit:
        """Copy a split to the device when it is first used."""
        if split not in self._device_splits:
            self._device_splits[split] = DeviceSplit(split, self._dataset, self._device, self._products)
        return self._device_splits[split]

    def _plain(self, member: Member) -> nn.Module:
        data = self._dataset
        return build_network(member.configuration, input_shape=data.input_shape, outputs=data.outputs, seed=member.seed)

    def _logits(self, inputs: Tensor) -> Tensor:
        """Compute the logits of a batch, float32 [members, heads * classes, batch]."""
        return without_absent(self._network.forward(inputs, training=False), self._loss.absent)


def train_step(network: PackedNetwork, optimizer: Optimizer, loss: Loss, inputs: Tensor, targets: Tensor) -> None:
    """Take one step on a mini-batch.

    Args:
        network: changed in place.
        optimizer: of the network's members.
        loss: of the network's members.
        inputs: products [batch, *input_shape].
        targets: one-hot float32 [heads * classes, batch].
    """
    optimizer.begin_step()
    logits = network.forward(inputs, training=True)
    network.backward(loss.gradient(logits, targets), optimizer)
    optimizer.end_step()


def _loss_of(members: Sequence[Member], dataset: Dataset, device: torch.device) -> Loss:
    smoothing = LabelSmoothing([member.configuration for member in members], dataset.heads, device)
    return Loss(classes=dataset.classes, absent=absent_outputs(dataset.heads, device), smoothing=smoothing)


def _rates_of(members: Sequence[Member], steps: int) -> Rates:
    return Rates([member.configuration for member in members], [member.epochs for member in members], steps)


def _wider_member(members: Sequence[Member], pack_configurations: Sequence[Configuration]) -> list[Member]:
    """Make a member as wide as the widest of the entire pack, if `members` has none: the others are padded to it."""
    widest = max((configuration.hidden_units for configuration in pack_configurations), default=0)
    if widest <= max(member.configuration.hidden_units for member in members):
        return []
    return [replace(members[0], configuration=replace(members[0].configuration, hidden_units=widest))]


def _augmentation_of(members: Sequence[Member], dataset: Dataset) -> str:
    check_augmentation(members[0].configuration, dataset.input_shape)
    return str(_shared_by(members, "augmentation"))


def _shared_by(members: Sequence[Member], name: str) -> Value:
    """Give the value of a hyperparameter that all members share."""
    values = {getattr(member.configuration, name) for member in members}
    if len(values) != 1:
        raise ValueError(f"the members of a pack must have the same {name}, not {sorted(values)}: use a pack for each")
    value: Value = values.pop()
    return value


def _batch_size_of(members: Sequence[Member], dataset: Dataset) -> int:
    size = int(_shared_by(members, "batch_size"))
    if size > len(dataset.train):
        raise ValueError(
            f"batch_size = {size} is larger than the training split of {dataset.name} ({len(dataset.train)} images): "
            "give a smaller batch_size"
        )
    return size
