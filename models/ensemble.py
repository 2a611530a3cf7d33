"""Networks that answer together, by the mean of their probabilities (Hansen and Salamon, 1990)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from packtune.data.description import Head

NETWORKS = "networks"
"""Before the names of the weights: networks.0, networks.1 ..."""
NEVER = -1e30
"""The logit of an output that stands for no class: finite, so that no difference of infinities comes up."""


class MeanOfProbabilities(nn.Module):
    """Networks whose probabilities are averaged, for each head by itself.

    Args:
        networks: 1 or more; inputs float32 [n, *input_shape], scaled -> logits float32 [n, heads * classes].
        heads: of each of them.
    """

    present: Tensor

    def __init__(self, networks: Sequence[nn.Module], heads: Sequence[Head]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self._heads = len(heads)
        classes = max(len(head.classes) for head in heads)
        present = torch.arange(classes)[None] < torch.tensor([len(head.classes) for head in heads])[:, None]
        self.register_buffer("present", present, persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Give the logarithm of the mean of the probabilities, float32 [n, heads * classes]: its softmax is that mean.

        Args:
            inputs: as the networks take them.
        """
        logits = torch.stack([network(inputs) for network in self.networks]).unflatten(2, (self._heads, -1))
        each = torch.where(self.present, logits, NEVER).log_softmax(3)  # [networks, n, heads, classes]
        return (each.logsumexp(0) - math.log(len(self.networks))).flatten(1)


def states_of_members(state: Mapping[str, Tensor], members: int) -> list[dict[str, Tensor]]:
    """Divide the weights of an ensemble among its networks.

    Raises:
        ValueError: a weight belongs to none of them.
        TypeError, AttributeError: they are no weights by name.
    """
    states: list[dict[str, Tensor]] = [{} for _ in range(members)]
    for name, tensor in state.items():
        folder, number, own = name.split(".", 2)
        if folder != NETWORKS or number not in map(str, range(members)):
            raise ValueError(f"the weight {name} belongs to none of the {members} networks")
        states[int(number)][own] = tensor
    return states
