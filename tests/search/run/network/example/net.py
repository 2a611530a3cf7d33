"""A network of a user's, with a module and a package of theirs beside it."""

from blocks import Block
from torch import nn

HYPERPARAMETERS = {"width": [8, 16], "rate": {"low": 0.0, "high": 0.4}, "norm": [False, True]}


def build(configuration, *, input_shape, outputs):
    from parts.head import head  # found although it is imported late

    channels, rows, columns = input_shape
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(channels * rows * columns, configuration.width),
        Block(configuration.width, norm=configuration["norm"]),
        nn.Dropout(configuration.rate),
        head(configuration.width, outputs),
    )
