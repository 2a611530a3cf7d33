"""Shared by the tests of `models`: small synthetic data sets, and plain PyTorch training to compare packs with."""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Callable, Iterable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from packtune.data.dataset import Dataset, Split
from packtune.data.description import PIXEL_SCALE, digit_heads
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.training.augmentation import AUGMENTATIONS
from packtune.models.training.pack_training import CHANGES, Member
from tests.models.plain_optimizers import plain_optimizer, plain_scheduler

CLASSES = 10
STEADY_EPOCHS = 4
NUDGE = 5e-7


@pytest.fixture(autouse=True)
def always_one_thread(one_thread: None) -> None:
    """Use one thread in all these tests."""


def _split(patterns: Tensor, n: int, generator: torch.Generator) -> Split:
    """Draw `n` noisy images whose labels can be read off them: patterns float32 [heads, classes, h, w]."""
    heads = len(patterns)
    labels = torch.randint(CLASSES, (n, heads), generator=generator)
    clean = torch.stack([patterns[head, labels[:, head]] for head in range(heads)]).amax(0).unsqueeze(1)
    noise = torch.rand(clean.shape, generator=generator)
    return Split(inputs=(clean * 160 + noise * 95).to(torch.uint8), labels=labels)


@functools.cache
def _make_dataset(*, heads: int = 1, height: int = 12, width: int = 11, n_train: int = 90, n: int = 40) -> Dataset:
    generator = torch.Generator().manual_seed(heads)
    patterns = (torch.rand(heads, CLASSES, height, width, generator=generator) < 0.2).float()
    train, validation, test = (_split(patterns, size, generator) for size in (n_train, n, n))
    return Dataset(
        name="synthetic",
        train=train,
        validation=validation,
        test=test,
        heads=digit_heads(*(f"digit {head}" for head in range(heads))),
    )


@functools.cache
def _train_alone(
    member: Member, dataset: Dataset, *, batch_seed: int, epochs: int, shuffle: bool = True, nudge: float = 0.0
) -> list[nn.Sequential]:
    """Train a member's network by plain PyTorch: its state after each epoch.

    `nudge` is the size of a random change of the initial weights.
    """
    configuration = member.configuration
    network = build_network(
        configuration,
        input_shape=dataset.input_shape,
        outputs=dataset.outputs,
        seed=member.seed,
    )
    noise = torch.Generator().manual_seed(member.seed)
    for parameter in network.parameters():
        parameter.data += nudge * torch.randn(parameter.shape, generator=noise)
    optimizer = plain_optimizer(configuration, list(network.parameters()))
    scheduler = plain_scheduler(
        configuration, optimizer, member.epochs * (len(dataset.train) // configuration.batch_size)
    )
    images = dataset.train.inputs.to(torch.float32) / PIXEL_SCALE
    labels = dataset.train.labels
    generator = torch.Generator().manual_seed(batch_seed)
    changes = torch.Generator().manual_seed(batch_seed ^ CHANGES)
    states = []
    for _ in range(epochs):
        n = len(images)
        order = torch.randperm(n, generator=generator) if shuffle else torch.arange(n)
        for batch in order.split(configuration.batch_size):
            if len(batch) < configuration.batch_size:
                continue
            optimizer.zero_grad()
            inputs, targets = _augmented(configuration.augmentation, images[batch], labels[batch], changes)
            _mean_loss(network(inputs), targets, smoothing=configuration.label_smoothing).backward()
            if configuration.gradient_clipping:
                nn.utils.clip_grad_norm_(network.parameters(), configuration.gradient_clipping)
            optimizer.step()
            scheduler.step()
        states.append(copy.deepcopy(network))
    return states


def _steady_members(
    configurations: Iterable[Configuration], dataset: Dataset, *, batch_seed: int, shuffle: bool = True
) -> list[Member]:
    """Give each configuration a seed from which rounding alone does not change what training learns.

    ReLU and max-pooling have kinks. Where training meets one within the rounding of float32, the order of a sum
    decides which way the gradient goes, and no two implementations need agree. Training from weights nudged either
    way by more than rounding does tells such seeds; about one in fifty is.
    """
    members = []
    for index, configuration in enumerate(configurations):
        seeds = itertools.count(100 * index + 11)
        candidates = (Member(configuration=configuration, seed=seed, epochs=STEADY_EPOCHS) for seed in seeds)
        members.append(next(m for m in candidates if _is_steady(m, dataset, batch_seed=batch_seed, shuffle=shuffle)))
    return members


def _is_steady(member: Member, dataset: Dataset, *, batch_seed: int, shuffle: bool) -> bool:
    low, high = (
        _train_alone(member, dataset, batch_seed=batch_seed, epochs=STEADY_EPOCHS, shuffle=shuffle, nudge=nudge)[-1]
        for nudge in (-NUDGE, NUDGE)
    )
    pairs = zip(low.parameters(), high.parameters(), strict=True)
    return all(torch.allclose(a, b, rtol=0, atol=20 * NUDGE) for a, b in pairs)


def _augmented(name: str, images: Tensor, labels: Tensor, changes: torch.Generator) -> tuple[Tensor, Tensor]:
    """Change a mini-batch as packs do: images, and labels int64 [n, heads] or shares float32 [n, heads, classes]."""
    if name == "none":
        return images, labels
    shares = functional.one_hot(labels, CLASSES).float()
    images, targets = AUGMENTATIONS[name](images, shares.flatten(1).t(), changes)
    return images, targets.t().unflatten(1, (labels.shape[1], CLASSES))


def _mean_loss(logits: Tensor, labels: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Average the cross-entropies of the heads: logits [n, heads * classes], labels as of `_augmented`."""
    heads = labels.shape[1]
    scores = logits.unflatten(1, (heads, -1))
    losses = [
        functional.cross_entropy(scores[:, head], labels[:, head], label_smoothing=smoothing) for head in range(heads)
    ]
    return torch.stack(losses).mean()


def _assert_same_weights(ours: nn.Sequential, plain: nn.Sequential, *, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    # Products summed in another order differ by some 1e-7 of their terms, which a few dozen steps leave below 1e-6,
    # while a wrong factor anywhere in the update shows in the first digits.
    expected = plain.state_dict()
    for name, value in ours.state_dict().items():
        torch.testing.assert_close(
            value, expected[name], rtol=rtol, atol=atol, msg=lambda text, at=name: f"{at}: {text}"
        )


@pytest.fixture
def make_dataset() -> Callable[..., Dataset]:
    """Make a data set of random patterns with noise, of the given number of heads and sizes."""
    return _make_dataset


@pytest.fixture
def train_alone() -> Callable[..., Sequence[nn.Sequential]]:
    """Train one member by plain PyTorch; gives its network after each epoch."""
    return _train_alone


@pytest.fixture
def steady_members() -> Callable[..., list[Member]]:
    """Make members whose training does not hang on the rounding of a sum."""
    return _steady_members


@pytest.fixture
def plain_loss() -> Callable[[Tensor, Tensor], Tensor]:
    """Compute the mean cross-entropy of the heads as plain PyTorch does."""
    return _mean_loss


@pytest.fixture
def assert_same_weights() -> Callable[..., None]:
    """Hold that two plain networks have the same weights, up to the rounding of float32."""
    return _assert_same_weights
