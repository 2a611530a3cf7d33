"""Networks as users write them. No layer has a kink, so that rounding alone does not change what training learns."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

HYPERPARAMETERS = {
    "kind": ["residual", "lenet", "transformer", "gru", "depthwise", "centred", "dropped", "mixed", "tied", "frozen"],
    "width": [8, 12],
    "rate": {"low": 0.0, "high": 0.5},
}


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.inner, self.outer = nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, values):
        return values + self.outer(functional.gelu(self.inner(self.norm(values))))


class Residual(nn.Module):
    """A residual mlp with layer normalization."""

    def __init__(self, pixels, width, outputs):
        super().__init__()
        self.first, self.last = nn.Linear(pixels, width), nn.Linear(width, outputs)
        self.blocks = nn.ModuleList([Block(width) for _ in range(2)])

    def forward(self, images):
        values = self.first(images.flatten(1))
        for block in self.blocks:
            values = block(values)
        return self.last(values)


class Transformer(nn.Module):
    """A transformer over the rows of an image."""

    def __init__(self, rows, columns, width, outputs, rate=0.0):
        super().__init__()
        self.embed, self.last = nn.Linear(columns, width), nn.Linear(width, outputs)
        self.place = nn.Parameter(0.1 * torch.randn(rows, width))
        layer = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=rate, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, images):
        return self.last(self.encoder(self.embed(images.squeeze(1)) + self.place).mean(1))


class Recurrent(nn.Module):
    """A GRU over the rows of an image."""

    def __init__(self, columns, width, outputs):
        super().__init__()
        self.recurrent, self.last = nn.GRU(columns, width, batch_first=True), nn.Linear(width, outputs)

    def forward(self, images):
        return self.last(self.recurrent(images.squeeze(1))[0][:, -1])


class Centred(nn.Module):
    """Subtracts a running mean of the inputs, which it keeps as a buffer and replaces by a new tensor."""

    def __init__(self, pixels, outputs):
        super().__init__()
        self.register_buffer("mean", torch.zeros(pixels))
        self.last = nn.Linear(pixels, outputs)

    def forward(self, images):
        values = images.flatten(1)
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * values.mean(0)
        return self.last(values - self.mean)


class Tied(nn.Module):
    """Has one weight under two names."""

    def __init__(self, pixels, width, outputs):
        super().__init__()
        self.first, self.last = nn.Linear(pixels, width), nn.Linear(width, outputs)
        self.one, self.two = nn.Linear(width, width), nn.Linear(width, width)
        self.two.weight = self.one.weight

    def forward(self, images):
        values = torch.tanh(self.first(images.flatten(1)))
        return self.last(torch.tanh(self.two(torch.tanh(self.one(values)))))


def lenet(side, width, outputs):
    rows, columns = ((size - 2) // 2 for size in side)
    return nn.Sequential(
        nn.Conv2d(1, width, 3),
        nn.BatchNorm2d(width),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(width * rows * columns, 16),
        nn.Tanh(),
        nn.Linear(16, outputs),
    )


def depthwise(width, outputs):
    return nn.Sequential(
        nn.Conv2d(1, width, 3, stride=2, padding=1),
        nn.GELU(),
        nn.Conv2d(width, width, 3, padding=1, groups=width),
        nn.Conv2d(width, 2 * width, 1),
        nn.GELU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, outputs),
    )


def dropped(pixels, width, rate, outputs):
    layers = [nn.Flatten(), nn.Linear(pixels, width), nn.LayerNorm(width), nn.Tanh()]
    return nn.ModuleDict({"body": nn.Sequential(*layers), "drop": nn.Dropout(rate), "last": nn.Linear(width, outputs)})


class Dropped(nn.Module):
    """Has a dropout layer."""

    def __init__(self, pixels, width, rate, outputs):
        super().__init__()
        self.parts = dropped(pixels, width, rate, outputs)

    def forward(self, images):
        return self.parts["last"](self.parts["drop"](self.parts["body"](images)))


def frozen(pixels, width, outputs):
    network = nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.Tanh(), nn.Linear(width, outputs))
    network[1].weight.requires_grad_(False)
    return network


def mixed(pixels, width, outputs):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(pixels, width), nn.LayerNorm(width), nn.Tanh(), Block(width), nn.Linear(width, outputs)
    )


def build(configuration, *, input_shape, outputs):
    _, rows, columns = input_shape
    width, pixels = configuration.width, rows * columns
    makers = {
        "residual": lambda: Residual(pixels, width, outputs),
        "lenet": lambda: lenet((rows, columns), width, outputs),
        "transformer": lambda: Transformer(rows, columns, width, outputs),
        "gru": lambda: Recurrent(columns, width, outputs),
        "depthwise": lambda: depthwise(width, outputs),
        "centred": lambda: Centred(pixels, outputs),
        "dropped": lambda: Dropped(pixels, width, configuration.rate, outputs),
        "mixed": lambda: mixed(pixels, width, outputs),
        "tied": lambda: Tied(pixels, width, outputs),
        "frozen": lambda: frozen(pixels, width, outputs),
    }
    return makers[configuration.kind]()
