"""The base class of packed layers, and the shapes of the values between them.

Between layers the values of a pack have one of four shapes:

* images, shared by all members: products [batch, 1, height, width]
* features, shared by all members: products [batch, features]
* maps: products [batch, members * channels, rows, columns], members outermost in the channels
* units: float32 [members, units, batch]

where products is the dtype in which large products are computed: float32 unless another precision is chosen (see
`packtune.models.hardware.precision`). Weights, biases and their gradients are float32.

In units, the batch is the last axis. The values of each member then lie together, and every matrix product runs on
contiguous memory. Members may differ in their number of units: smaller members are padded with units whose weights
are zero. These units stay exactly zero, because every activation maps 0 to 0 and no gradient reaches them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter


class PackedLayer(ABC):
    """A layer of all members at once.

    Lifecycle: made from one plain module of each member; then any number of `forward` calls. After a `forward` with
    `training`, one `backward` computes the gradient of the layer's input and updates the layer's own weights.
    Between steps, `keep` takes members out, and `unpack` writes the weights of a member into a plain module.
    """

    @abstractmethod
    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        """Compute the layer's output; with `training`, store what `backward` needs."""

    @abstractmethod
    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        """Update the weights and return the gradient of the input (None unless `needs_input`)."""

    def keep(self, indices: Tensor) -> None:  # noqa: B027 - a layer that stores nothing for each member does nothing
        """Keep only the members at `indices`, int64 [kept]."""

    def unpack(self, index: int, module: nn.Module) -> None:  # noqa: B027 - a layer without weights does nothing
        """Write the weights and the state of the member at `index` into `module`."""

    def state(self) -> list[Tensor]:
        """List what the layer keeps besides its weights, [members, ...] each; it changes in training, in place."""
        return []

    def parameters(self) -> list[Parameter]:
        """List the layer's weights."""
        return []
