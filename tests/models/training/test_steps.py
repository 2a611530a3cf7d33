"""Steps on tensors that stay where they are, recorded and repeated, are the steps run one by one.

Where there is no GPU, a recorder that runs the work again stands for one: all but the recording itself is the same
code. What a step must not do for a GPU's sake is held with tensors on a device that has no values.
"""

from __future__ import annotations

import itertools
import warnings
from functools import partial

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from packtune.data.dataset import Dataset
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.hardware.recorder import Recorder, Rerun
from packtune.models.layers.conv2d import PackedConv2d
from packtune.models.layers.convolution import LIBRARY, UNFOLDED
from packtune.models.optimization.catalog import make_optimizer
from packtune.models.optimization.rates import Rates
from packtune.models.packed_network import PackedNetwork
from packtune.models.training.augmentation import AUGMENTATIONS, augmented_step
from packtune.models.training.device_split import DeviceSplit
from packtune.models.training.loss import Loss
from packtune.models.training.pack_training import Member, PackTraining, train_step
from packtune.models.training.smoothing import LabelSmoothing
from packtune.models.training.steps import (
    RECORDED_STEPS,
    WARM_UP_STEPS,
    EagerSteps,
    RecordedSteps,
    StaticSteps,
    make_steps,
)

CPU = torch.device("cpu")
META = torch.device("meta")
BATCH = 4
PACKS = {
    "mlp": [{"hidden_units": 8}, {"hidden_units": 6, "activation": "gelu"}],
    "mlp, Nesterov and decay": [{"momentum": 0.9, "nesterov": True}, {"weight_decay": 0.01}],
    "mlp, AdamW, cosine and clipping": [
        {"optimizer": "adamw", "learning_rate": 0.01, "schedule": "cosine", "weight_decay": 0.1},
        {"optimizer": "adamw", "learning_rate": 0.01, "gradient_clipping": 0.1, "label_smoothing": 0.1},
    ],
    "mlp, Adam": [{"optimizer": "adam", "learning_rate": 0.01}, {"optimizer": "adam", "weight_decay": 0.1}],
    "mlp, NAdam": [{"optimizer": "nadam", "learning_rate": 0.01}, {"optimizer": "nadam", "schedule": "one-cycle"}],
    "mlp, RMSprop": [{"optimizer": "rmsprop", "learning_rate": 0.01}, {"optimizer": "rmsprop", "momentum": 0.5}],
    "mlp, Lion": [{"optimizer": "lion", "learning_rate": 0.01}, {"optimizer": "lion", "weight_decay": 0.1}],
    "mlp, SGD with schedules": [{"schedule": "step", "warmup": 0.2}, {"nesterov": True, "schedule": "cosine"}],
    "mlp, momentum and dropout": [{"momentum": 0.9, "dropout": 0.3, "depth": 2}, {"dropout": 0.5, "depth": 2}],
    "cnn": [
        {"architecture": "cnn", "filters": 2, "hidden_units": 8, "dropout": 0.5, "momentum": 0.9},
        {"architecture": "cnn", "filters": 3, "hidden_units": 8, "activation": "tanh"},
    ],
    "mlp, batch norm": [{"normalization": "batch", "hidden_units": 8}, {"normalization": "batch", "momentum": 0.9}],
    "mlp, layer norm": [{"normalization": "layer", "hidden_units": 8}, {"normalization": "layer", "momentum": 0.9}],
    "cnn, batch norm": [{"architecture": "cnn", "filters": 2, "hidden_units": 8, "normalization": "batch"}] * 2,
    "cnn, layer norm": [{"architecture": "cnn", "filters": 2, "hidden_units": 8, "normalization": "layer"}] * 2,
    "residual mlp": [{"residual": True, "depth": 3, "dropout": 0.2, "hidden_units": 8}] * 2,
    "cnn, separable": [
        {"architecture": "cnn", "filters": 2, "hidden_units": 8, "convolution": "separable", "global_pooling": True}
    ]
    * 2,
    **{f"mlp, {name}": [{"augmentation": name}, {"augmentation": name, "dropout": 0.5}] for name in AUGMENTATIONS},
    "overlap-cnn": [{"architecture": "overlap-cnn", "filters": 2, "hidden_units": 8, "dropout": 0.2}] * 2,
}


class Counting(Recorder):
    """Runs work again instead of recording it, and counts what it was asked for."""

    def __init__(self):
        self.warmed = self.recorded = self.repeated = 0

    def warm_up(self, work):
        self.warmed += 1
        work()

    def record(self, work):
        self.recorded += 1

        def repeat():
            self.repeated += 1
            work()

        return repeat


class Unable(Rerun):
    """Fails as a GPU does whose capture was broken off: by an error of the work, then by one of ending it."""

    def record(self, work):
        try:
            raise NotImplementedError("no such kernel")
        finally:
            raise RuntimeError("the capture has been invalidated")


def members_of(pack):
    configurations = [Configuration(**{"batch_size": BATCH, **values}) for values in PACKS[pack]]
    return [
        Member(configuration=configuration, seed=11 + index, epochs=9)
        for index, configuration in enumerate(configurations)
    ]


def recording(training, dataset: Dataset, new_recorder=Rerun):
    """Let a training on a processor run its steps as on a GPU."""
    step = training._steps._step
    train = DeviceSplit(dataset.train, dataset, CPU)
    training._steps = RecordedSteps(StaticSteps(step, train, BATCH), new_recorder)
    return training


@pytest.fixture
def pair(make_dataset):
    """Make two trainings of one pack: step by step, and recorded."""

    def make(pack, new_recorder=Rerun):
        dataset = make_dataset()
        eager, recorded = (PackTraining(members_of(pack), dataset, batch_seed=7) for _ in range(2))
        assert isinstance(eager._steps, EagerSteps)
        return eager, recording(recorded, dataset, new_recorder)

    return make


@pytest.fixture
def assert_same_bytes(assert_same_weights):
    def check(first, second):
        assert len(first._members) == len(second._members)
        for index in range(len(first._members)):
            assert_same_weights(first.unpack(index), second.unpack(index), rtol=0, atol=0)

    return check


@pytest.mark.parametrize("pack", PACKS)
def test_recorded_steps_give_the_same_bytes(pack, pair, assert_same_bytes):
    eager, recorded = pair(pack)
    for _ in range(3):
        eager.train_epoch()
        recorded.train_epoch()
        assert_same_bytes(eager, recorded)
    assert eager.epoch == recorded.epoch == 3


@pytest.mark.parametrize("pack", PACKS)
def test_steps_are_recorded_anew_once_members_are_taken_out(pack, pair, assert_same_bytes):
    recorders = []

    def new_recorder():
        recorders.append(Counting())
        return recorders[-1]

    trainings = pair(pack, new_recorder)
    for training in trainings:
        training.train_epoch()
        training.keep([1])
        training.train_epoch()
    assert_same_bytes(*trainings)
    # 22 steps an epoch, two recordings: of a run of steps, and of one step for the rest.
    runs, single = divmod(22 - WARM_UP_STEPS, RECORDED_STEPS)
    assert [(r.warmed, r.recorded, r.repeated) for r in recorders] == [(1, 2, runs + single)] * 2


def test_a_loaded_state_is_gone_on_from(pair, assert_same_bytes):
    eager, recorded = pair("mlp, momentum and dropout")
    for training in (eager, recorded):
        training.train_epoch()
        state = training.state_dict()
        training.train_epoch()
        training.load_state_dict(state)
        training.train_epoch()
    assert_same_bytes(eager, recorded)


def test_no_step_is_recorded_before_the_warm_up_is_over(make_dataset):
    dataset = make_dataset(n_train=2 * BATCH)
    recorder = Counting()
    training = recording(PackTraining(members_of("mlp"), dataset, batch_seed=7), dataset, lambda: recorder)
    counts = []
    for _ in range(4):
        training.train_epoch()
        counts.append((recorder.warmed, recorder.recorded, recorder.repeated))
    assert WARM_UP_STEPS == 3
    assert counts == [(1, 0, 0), (2, 1, 1), (2, 1, 3), (2, 1, 5)]


def test_what_lasts_exists_before_recording(pair):
    class Noting(Rerun):
        def record(self, work):
            noted.append(addresses())
            return work

    def addresses():
        return [(p.value.data_ptr(), p.state("momentum").data_ptr()) for p in recorded._network.parameters()]

    noted = []
    _, recorded = pair("mlp, momentum and dropout", Noting)
    for members in ([0, 1], [0]):
        recorded.keep(members)
        noted.clear()
        recorded.train_epoch()
        recorded.train_epoch()
        assert noted == [addresses()] * 2


def test_a_device_that_cannot_record_trains_on_and_says_why_once(pair, assert_same_bytes):
    eager, recorded = pair("mlp, momentum and dropout", Unable)
    eager.train_epoch()
    with pytest.warns(RuntimeWarning, match=r"cannot record.*NotImplementedError: no such kernel") as caught:
        recorded.train_epoch()
    assert len(caught) == 1
    assert recorded._steps.reason == "NotImplementedError: no such kernel"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for training in (eager, recorded):
            training.keep([1, 0])
            training.train_epoch()
    assert_same_bytes(eager, recorded)


def test_images_are_taken_in_the_epochs_order(make_dataset):
    dataset = make_dataset()
    seen = []
    train = DeviceSplit(dataset.train, dataset, CPU)
    steps = RecordedSteps(StaticSteps(lambda images, targets: seen.append((images, targets)), train, BATCH), Rerun)
    orders = [torch.randperm(90, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    for order in orders:
        steps.run(order)
    expected = [train.take(indices) for order in orders for indices in order[:88].split(BATCH)]
    for given, wanted in zip(itertools.chain(*seen), itertools.chain(*expected), strict=True):
        assert torch.equal(given, wanted)


def test_a_processor_runs_steps_as_they_come(make_dataset):
    train = DeviceSplit(make_dataset().train, make_dataset(), CPU)
    assert isinstance(make_steps(lambda images, targets: None, train, BATCH, torch.Generator()), EagerSteps)


class OnOneDevice(TorchDispatchMode):
    """Fails on an operation that takes or gives a tensor that is not on the device."""

    def __init__(self, device):
        super().__init__()
        self.device = device
        self.operations = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        for tensor in tree_leaves((args, kwargs, result)):
            if isinstance(tensor, torch.Tensor) and tensor.device != self.device:
                raise AssertionError(f"{operation} has a tensor on {tensor.device}")
        self.operations += 1
        return result


def pretend(pack, data, products):
    """Make the static steps of a pack on a device without values."""
    members = members_of(pack)
    plain = [
        build_network(m.configuration, input_shape=data.input_shape, outputs=data.outputs, seed=m.seed) for m in members
    ]
    network = PackedNetwork(plain, device=META, generator=torch.Generator(), products=products)
    configurations = [member.configuration for member in members]
    optimizer = make_optimizer(Rates(configurations, [1] * len(members), len(data.train) // BATCH), META)
    optimizer.begin_epoch(0)
    loss = Loss(classes=data.classes, absent=None, smoothing=LabelSmoothing(configurations, data.heads, META))
    train = DeviceSplit(data.train, data, META, products)
    step = partial(train_step, network, optimizer, loss)
    if configurations[0].augmentation in AUGMENTATIONS:
        step = partial(augmented_step, AUGMENTATIONS[configurations[0].augmentation], torch.Generator(), step)
    return StaticSteps(step, train, BATCH), network


# Tensors of the device "meta" have no values: a step that asked for one, as a decision in Python or a copy to the
# processor does, fails there as it would make a GPU wait.
@pytest.mark.parametrize("products", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("way", [LIBRARY, UNFOLDED], ids=lambda way: type(way).__name__)
@pytest.mark.parametrize("pack", PACKS)
def test_a_step_neither_waits_for_values_nor_leaves_the_device(pack, way, products, make_dataset):
    steps, network = pretend(pack, make_dataset(), products)
    for layer in network._layers:
        if isinstance(layer, PackedConv2d) and not layer._geometry.depthwise:
            layer._convolution = way
    with torch.inference_mode(), OnOneDevice(META) as watch:
        steps.take(2)
    assert watch.operations > 20
    assert all(parameter.value.device == META for parameter in network.parameters())


@pytest.mark.parametrize(
    "wait", [Tensor.item, Tensor.tolist, bool, Tensor.cpu, Tensor.nonzero], ids=lambda f: f.__name__
)
def test_the_watch_tells_a_step_that_waits(wait):
    with pytest.raises((RuntimeError, NotImplementedError)), OnOneDevice(META):
        wait(torch.zeros(1, device=META))


def test_the_watch_tells_a_step_that_leaves_the_device():
    with pytest.raises(AssertionError, match="has a tensor on cpu"), OnOneDevice(META):
        torch.zeros(2, device=META).copy_(torch.zeros(2))
