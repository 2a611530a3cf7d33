"""Initial weights other than PyTorch's default."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from packtune.models.configuration import Configuration

INITIALIZATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "he": nn.init.kaiming_normal_,
    "xavier": nn.init.xavier_uniform_,
}
"""By name; "default" stands for PyTorch's own.

"he" is of "Delving Deep into Rectifiers" (He et al. 2015), for ReLU and the number of inputs. "xavier" is of
"Understanding the Difficulty of Training Deep Feedforward Neural Networks" (Glorot and Bengio 2010).
"""


def initialize(network: nn.Module, configuration: Configuration) -> None:
    """Draw the weights of linear layers and convolutions anew, in place, and set their biases to zero.

    The draws come from PyTorch's global random state. With the default, nothing changes and nothing is drawn.
    """
    draw = INITIALIZATIONS.get(configuration.initialization)
    if draw is None:
        return
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            draw(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
