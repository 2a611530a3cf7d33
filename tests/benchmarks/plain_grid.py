"""Row 8, the other side: the mini grid by plain PyTorch, one configuration after another, as its notebook does.

Called by `search_speed.py` in a process of its own: images resident in memory, float32, autograd, torch.optim.SGD,
validation accuracy after every epoch, test accuracy at the end. PyTorch's own number of threads, or as given.

With `--bookkeeping` as courses teach it: mini-batches made beforehand, the loss and the accuracy of every one noted in
training, validation and test.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from checkout import make_importable

make_importable()

import torch
from torch import Tensor, nn
from torch.nn import functional

from packtune.data import catalog
from packtune.data.description import PIXEL_SCALE
from packtune.models.architectures.mlp import build_mlp
from packtune.models.configuration import Configuration
from packtune.space.catalog import SPACES


def make_network(configuration: Configuration, images: Tensor) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Make a network for images float32 [n, 1, h, w], and its optimizer."""
    torch.manual_seed(0)
    network = build_mlp(configuration, input_shape=tuple(images.shape[1:]), outputs=10)
    rates = {"lr": configuration.learning_rate, "momentum": configuration.momentum}
    return network, torch.optim.SGD(network.parameters(), **rates)


def train(configuration: Configuration, splits: dict[str, tuple[Tensor, Tensor]], epochs: int) -> tuple[float, float]:
    """Train one configuration: (validation accuracy, test accuracy)."""
    images, labels = splits["train"]
    network, optimizer = make_network(configuration, images)
    size = configuration.batch_size
    validation = 0.0
    for _ in range(epochs):
        network.train()
        for first in range(0, len(images) - size + 1, size):
            optimizer.zero_grad()
            functional.cross_entropy(network(images[first : first + size]), labels[first : first + size]).backward()
            optimizer.step()
        validation = accuracy_of(network, *splits["validation"])
    return validation, accuracy_of(network, *splits["test"])


def train_with_bookkeeping(
    configuration: Configuration, splits: dict[str, tuple[Tensor, Tensor]], epochs: int
) -> tuple[float, float]:
    """Train one configuration, and note how every mini-batch went: (validation accuracy, test accuracy)."""
    images, _ = splits["train"]
    network, optimizer = make_network(configuration, images)
    size = configuration.batch_size
    batches = {
        name: list(zip(images.split(size), labels.split(size), strict=True))
        for name, (images, labels) in splits.items()
    }
    validation = 0.0
    for _ in range(epochs):
        walk(network, batches["train"], optimizer)
        with torch.no_grad():
            validation = walk(network, batches["validation"])
    with torch.no_grad():
        return validation, walk(network, batches["test"])


def walk(
    network: nn.Module, batches: list[tuple[Tensor, Tensor]], optimizer: torch.optim.Optimizer | None = None
) -> float:
    """Walk once through the mini-batches, learning if there is an optimizer: the mean of their accuracies."""
    network.train(optimizer is not None)
    losses, accuracies = [], []
    for images, labels in batches:
        logits = network(images)
        loss = functional.cross_entropy(logits, labels)
        accuracies.append((logits.argmax(1) == labels).float().mean().item())
        losses.append(loss.item())
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return sum(accuracies) / len(accuracies)


@torch.no_grad()
def accuracy_of(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Give the share of labels right."""
    network.eval()
    return (network(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    """Train all, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--only", type=int, metavar="PLACE", help="train one of the ten, counted from 0")
    parser.add_argument("--bookkeeping", action="store_true", help="note the loss and accuracy of every mini-batch")
    options = parser.parse_args()
    train_one = train_with_bookkeeping if options.bookkeeping else train
    if options.threads:
        torch.set_num_threads(options.threads)
    dataset = catalog.load("digits" if options.data_dir is None else "mnist", options.data_dir)
    splits = {
        name: (split.inputs.float() / PIXEL_SCALE, split.labels[:, 0])
        for name, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test))
    }
    ten = SPACES["mini-grid"].enumerate()
    for values in ten if options.only is None else [ten[options.only]]:
        print(values, *train_one(Configuration(**values), splits, options.epochs), flush=True)


if __name__ == "__main__":
    main()
