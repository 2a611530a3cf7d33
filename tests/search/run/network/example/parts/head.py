"""A part of a network."""

from torch import nn


def head(width, outputs):
    return nn.Linear(width, outputs)
