"""Times networks of the user's own in packs against their plain loops, and what choosing and checking cost.

    .venv/bin/python tests/benchmarks/own_networks.py > results/own-networks.md

Each row is the median of some runs in turns, in seconds of processor time on one core: a step of all members, in a pack
and in plain loops with `torch.optim.SGD`; batch 32, images of 28 x 28 pixels. The process is set up as a worker is.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import checkout
import torch
from torch import nn
from torch.nn import functional

checkout.make_importable()
sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "modules"))

import zoo

from packtune.data.sets import digits
from packtune.machine import describe_machine
from packtune.models.configuration import Configuration, OwnValues
from packtune.models.own.network import from_function
from packtune.models.own.registry import register
from packtune.models.training import own_choice
from packtune.models.training.pack_training import Member, PackTraining
from packtune.worker.trainable import set_up_process

RUNS, STEPS, BATCH = 5, 8, 32


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first, self.last = nn.Linear(784, width), nn.Linear(width, 10)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
            for _ in range(3)
        )

    def forward(self, images):
        values = self.first(images.flatten(1))
        for block in self.blocks:
            values = values + block(values)
        return self.last(values)


class Rows(nn.Module):
    def __init__(self, width, rate):
        super().__init__()
        self.embed, self.place, self.last = (
            nn.Linear(28, width),
            nn.Parameter(torch.zeros(28, width)),
            nn.Linear(width, 10),
        )
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=rate, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, images):
        return self.last(self.encoder(self.embed(images.squeeze(1)) + self.place).mean(1))


ROWS = {
    "residual mlp with LayerNorm, width 32": (lambda: Residual(32), 16),
    "transformer over 28 rows, width 32, 2 layers, dropout 0.1": (lambda: Rows(32, 0.1), 8),
    "the same without dropout": (lambda: Rows(32, 0.0), 8),
    "LeNet with batch normalization, 8 filters": (lambda: zoo.lenet((28, 28), 8, 10), 1),
    "GRU over 28 rows, width 16": (lambda: zoo.Recurrent(28, 16, 10), 1),
    "depthwise cnn, 8 channels": (lambda: zoo.depthwise(8, 10), 8),
    "one linear layer with a buffer": (lambda: zoo.Centred(784, 10), 8),
    "mlp with dropout, width 16": (lambda: zoo.Dropped(784, 16, 0.2, 10), 8),
    "mlp with tied weights, width 16": (lambda: zoo.Tied(784, 16, 10), 8),
    "residual mlp, width 8": (lambda: Residual(8), 4),
}
REACH = {"residual mlp with LayerNorm, width 32": 3.0, **dict.fromkeys(list(ROWS)[1:3], 1.5)}
HEAD = """# Networks of the user's own in packs, against their plain loops

One core, batch 32, images of 28 x 28 pixels; medians of some runs in turns, in a process set up as a worker is. A step
of all members, in a pack and in plain loops with `torch.optim.SGD`. Choosing and checking the way is a share of ten
epochs of training. Packs that call their members one by one gain nothing: they take part in all else of a search.

| network | members | reach | measured | a step, pack | a step, plain | way | choosing |
|---|---:|---|---|---:|---:|---|---:|"""


def seconds(work):
    start_s = time.process_time()
    work()
    return (time.process_time() - start_s) / STEPS


def plain_loops(make, members, dataset):
    networks = [make().train() for _ in range(members)]
    optimizers = [torch.optim.SGD(network.parameters(), lr=0.01) for network in networks]
    images, labels = dataset.train.inputs.float() / 256, dataset.train.labels.squeeze(1)

    def run():
        for step in range(STEPS):
            batch = slice(step * BATCH, (step + 1) * BATCH)
            for network, optimizer in zip(networks, optimizers, strict=True):
                optimizer.zero_grad()
                functional.cross_entropy(network(images[batch]), labels[batch]).backward()
                optimizer.step()

    return run


def measure(name, make, members, dataset):
    network = from_function(lambda configuration, *, input_shape, outputs: make(), {"name": name})
    register(network)
    configuration = Configuration(architecture=network.architecture, own=OwnValues(), learning_rate=0.01)
    few = dataset.with_splits({**dataset.splits, "train": dataset.train.first(STEPS * BATCH)})
    shapes = {"input_shape": few.input_shape, "outputs": few.outputs, "device": torch.device("cpu")}
    own_choice.choose_for([configuration] * members, **shapes)
    own_choice._choices.clear()
    choosing_s = seconds(lambda: own_choice.choose_for([configuration] * members, **shapes)) * STEPS
    pack = PackTraining([Member(configuration=configuration, seed=n) for n in range(members)], few, batch_seed=0)
    loops = plain_loops(make, members, few)
    for warm_up in (pack.train_epoch, loops):
        warm_up()
    pairs = [(seconds(pack.train_epoch), seconds(loops)) for _ in range(RUNS)]
    packed_s, plain_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    trial_s = packed_s * (len(dataset.train) // BATCH) * 10
    reach, ratio, layout = REACH.get(name, 1.0), plain_s / packed_s, pack.choice.layout
    cells = (
        name,
        members,
        f">= {reach:g}x",
        f"{ratio:.2f}x{'' if ratio >= reach else ', not held'}",
        f"{1e3 * packed_s:.1f} ms",
        f"{1e3 * plain_s:.1f} ms",
        "packed layers" if layout.is_known else layout.way,
        f"{choosing_s / trial_s:.1%}",
    )
    print("|", " | ".join(map(str, cells)), "|", flush=True)


if __name__ == "__main__":
    set_up_process()
    print(HEAD)
    for row, (make_network, pack_size) in ROWS.items():
        measure(row, make_network, pack_size, digits.load())
    print(f"\n- {describe_machine()}; `.venv/bin/python tests/benchmarks/own_networks.py`")
