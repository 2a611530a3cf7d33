"""Packs on a GPU: trained as on a processor, from recorded steps, without waiting inside an epoch."""

from __future__ import annotations

import pytest
import torch

from packtune.models.configuration import Configuration
from packtune.models.hardware.cuda_libraries import library_settings
from packtune.models.hardware.recorder import CudaGraphs
from packtune.models.training.pack_training import Member, PackTraining
from packtune.models.training.steps import EagerSteps, RecordedSteps

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here: packs on one were not tested"),
]

BATCH_SEED = 7
# Without kinks, so that the rounding of another device stays rounding; dropout's masks differ by device.
OPTIMIZED = {
    f"mlp, {name}": [
        {"optimizer": name, "learning_rate": rate, "activation": "tanh", "hidden_units": 16, "schedule": "cosine"},
        {"optimizer": name, "learning_rate": rate, "activation": "gelu", "weight_decay": 0.05, "label_smoothing": 0.1},
        {"optimizer": name, "learning_rate": rate, "activation": "silu", "gradient_clipping": 0.5, "warmup": 0.2},
    ]
    for name, rate in {"sgd": 0.05, "adam": 3e-3, "adamw": 3e-3, "rmsprop": 5e-4, "nadam": 3e-3, "lion": 1e-4}.items()
}
SMOOTH = {
    **OPTIMIZED,
    "mlp": [
        {"activation": "tanh", "hidden_units": 16, "momentum": 0.9, "learning_rate": 0.02},
        {"activation": "gelu", "hidden_units": 12, "weight_decay": 0.01},
        {"activation": "silu", "hidden_units": 9, "momentum": 0.5, "nesterov": True},
    ],
    "cnn": [
        {"activation": "tanh", "filters": 3, "hidden_units": 8, "pooling": 1},
        {"activation": "elu", "filters": 2, "hidden_units": 8, "pooling": 1, "momentum": 0.8, "learning_rate": 0.02},
    ],
}
DROPPING = {
    "mlp": [{"dropout": 0.3, "momentum": 0.9, "learning_rate": 0.02}, {"dropout": 0.5, "hidden_units": 16}],
    "cnn": [{"dropout": 0.5, "filters": 2, "hidden_units": 8}, {"dropout": 0.1, "filters": 3, "hidden_units": 8}],
}


def train(architecture, values, dataset, *, device="cuda"):
    kind = architecture.split(",")[0]
    members = [
        Member(configuration=Configuration(architecture=kind, batch_size=4, **each), seed=11 + index, epochs=9)
        for index, each in enumerate(values)
    ]
    return PackTraining(members, dataset, batch_seed=BATCH_SEED, device=device)


@pytest.fixture
def assert_same(assert_same_weights):
    def check(first, second, **tolerances):
        assert len(first._members) == len(second._members)
        for index in range(len(first._members)):
            assert_same_weights(first.unpack(index), second.unpack(index), **tolerances)

    return check


@pytest.mark.parametrize("architecture", SMOOTH)
def test_a_member_trains_as_plain_pytorch_does_alone(architecture, make_dataset, train_alone, assert_same_weights):
    dataset = make_dataset()
    training = train(architecture, SMOOTH[architecture], dataset)
    for _ in range(2):
        training.train_epoch()
    for index, member in enumerate(training._members):
        alone = train_alone(member, dataset, batch_seed=BATCH_SEED, epochs=2)[-1]
        assert_same_weights(training.unpack(index), alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("architecture", SMOOTH)
def test_evaluations_are_those_of_a_processor(architecture, make_dataset):
    dataset = make_dataset()
    evaluations = []
    for device in ("cuda", "cpu"):
        training = train(architecture, SMOOTH[architecture], dataset, device=device)
        training.train_epoch()
        evaluations.append(training.evaluate(dataset.validation))
    for ours, theirs in zip(*evaluations, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-3)
        assert abs(ours.accuracy - theirs.accuracy) <= 1 / len(dataset.validation)


@pytest.mark.parametrize("architecture", DROPPING)
def test_recorded_steps_are_the_steps_one_by_one_masks_included(architecture, make_dataset, assert_same):
    dataset = make_dataset()
    recorded, eager = (train(architecture, DROPPING[architecture], dataset) for _ in range(2))
    assert isinstance(recorded._steps, RecordedSteps)
    steps = recorded._steps._steps
    eager._steps = EagerSteps(eager._steps._steps._step, eager._device_split(dataset.train), steps._order.shape[1])
    for members in ([0, 1], [1], [0]):
        for training in (recorded, eager):
            training.keep(members)
            training.train_epoch()
            training.train_epoch()
        assert_same(recorded, eager, rtol=0, atol=0)
        assert recorded._steps.reason == ""
        assert set(recorded._steps._repeats) == {1, 8}


@pytest.mark.parametrize("architecture", DROPPING)
def test_the_same_seeds_give_the_same_bytes(architecture, make_dataset, assert_same):
    first, second = (train(architecture, DROPPING[architecture], make_dataset()) for _ in range(2))
    for training in (first, second):
        for _ in range(3):
            training.train_epoch()
            training.evaluate(make_dataset().validation)
    assert_same(first, second, rtol=0, atol=0)


@pytest.mark.parametrize("architecture", DROPPING)
def test_a_loaded_state_is_gone_on_from(architecture, make_dataset, assert_same):
    training, again = (train(architecture, DROPPING[architecture], make_dataset()) for _ in range(2))
    training.train_epoch()
    again.load_state_dict(training.state_dict())
    training.train_epoch()
    again.train_epoch()
    assert_same(training, again, rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("architecture", DROPPING)
def test_nothing_waits_for_the_gpu_inside_an_epoch(architecture, make_dataset):
    training = train(architecture, DROPPING[architecture], make_dataset())
    training.train_epoch()  # records, which waits
    try:
        torch.cuda.set_sync_debug_mode("error")
        training.train_epoch()
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_the_gpus_global_random_state_is_neither_read_nor_changed(make_dataset, assert_same):
    trainings = []
    for global_seed in (1, 2):
        torch.cuda.manual_seed(global_seed)
        state = torch.cuda.get_rng_state()
        trainings.append(train("mlp", DROPPING["mlp"], make_dataset()))
        trainings[-1].train_epoch()
        assert torch.equal(torch.cuda.get_rng_state(), state)
    assert_same(*trainings, rtol=0, atol=0)


def test_a_step_that_cannot_be_recorded_is_run_as_it_comes(make_dataset, assert_same):
    dataset = make_dataset()
    training, other = (train("mlp", DROPPING["mlp"], dataset) for _ in range(2))
    static = training._steps._steps
    learn = static._step

    def waiting(images, targets):
        targets.sum().item()
        learn(images, targets)

    static._step = waiting
    with pytest.warns(RuntimeWarning, match="cannot record training steps on the GPU"):
        training.train_epoch()
    other.train_epoch()
    assert_same(training, other, rtol=0, atol=0)


def test_a_recording_keeps_the_tensors_that_only_its_work_holds():
    device = torch.device("cuda")
    total = torch.zeros(1, device=device)

    def add(value):
        one = torch.full((2**24,), value, device=device)  # large enough for a piece of memory of its own

        def work():
            total.add_(one.mean())

        return work

    recorders = [CudaGraphs(device, torch.Generator(device)) for _ in range(2)]
    recordings = []
    for value, recorder in enumerate(recorders, 1):
        work = add(float(value))
        recorder.warm_up(work)
        recordings.append(recorder.record(work))  # the second returns unused memory to the GPU
        del work
    torch.cuda.empty_cache()
    total.zero_()
    for recording in recordings:
        recording()
    assert total.item() == 3


def test_products_are_exact_unless_asked_otherwise():
    a, b = torch.rand(2, 512, 512, generator=torch.Generator().manual_seed(1))
    exact = a @ b
    errors = []
    for tf32 in (False, True):
        with library_settings(torch.device("cuda"), tf32=tf32):
            errors.append((a.cuda() @ b.cuda()).cpu().sub_(exact).abs().max().item())
    assert errors[0] < 1e-3
    if torch.cuda.get_device_capability() >= (8, 0):
        assert errors[1] > errors[0]
