"""A network in NumPy alone: one hidden layer, with hand-written backpropagation and stochastic gradient descent.

It is the first system of the reference notebook, and the defaults are the notebook's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The notebook's training points. Each target is about seven times the first input.
POINTS = ((2.0, 1.0), (3.0, 3.0), (4.0, 5.0), (6.0, 6.0))
TARGETS = (10.0, 21.0, 32.0, 42.0)
TEST_POINTS = ((1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (5.0, 5.0), (10.0, 10.0))
LEARNING_RATE = 0.001
EPOCHS = 10

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients:
    """The gradients of the loss of one point with respect to the weights, in the shapes of the weights."""

    hidden_weights: Array
    hidden_biases: Array
    output_weights: Array


class ScratchNetwork:
    """A hidden layer with bias and ReLU, and a linear output without bias.

    Args:
        inputs: numbers in a point, 1 or more.
        hidden_units: 1 or more.
        rng: draws the initial weights from a normal distribution, scaled by the fan-in (He et al. 2015). None sets
            them all to 1, as the notebook does. Initial biases are 0.

    Attributes:
        hidden_weights: float64 [hidden_units, inputs].
        hidden_biases: float64 [hidden_units].
        output_weights: float64 [hidden_units].

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, inputs: int = 2, hidden_units: int = 3, rng: np.random.Generator | None = None) -> None:
        if min(inputs, hidden_units) < 1:
            raise ValueError(f"inputs = {inputs} and hidden_units = {hidden_units} are not allowed: give 1 or more")
        self.hidden_weights = _initial((hidden_units, inputs), rng)
        self.hidden_biases = np.zeros(hidden_units)
        self.output_weights = _initial((hidden_units,), rng)

    def predict(self, point: ArrayLike) -> float:
        """Compute the output for one point of shape [inputs].

        Raises:
            ValueError: the point has another shape.
        """
        return self._forward(self._point(point))[2]

    def loss(self, point: ArrayLike, target: float) -> float:
        """Compute half the squared difference between output and target."""
        return (target - self.predict(point)) ** 2 / 2

    def gradients(self, point: ArrayLike, target: float) -> Gradients:
        """Compute the gradients of the loss of one point by backpropagation. The derivative of ReLU at 0 is 0."""
        inputs = self._point(point)
        weighted, activated, output = self._forward(inputs)
        error = output - target  # d loss / d output
        at_hidden = error * self.output_weights * (weighted > 0)  # d loss / d weighted, [hidden_units]
        return Gradients(
            hidden_weights=np.outer(at_hidden, inputs), hidden_biases=at_hidden, output_weights=error * activated
        )

    def step(self, point: ArrayLike, target: float, learning_rate: float = LEARNING_RATE) -> None:
        """Take one step of gradient descent on one point."""
        gradients = self.gradients(point, target)
        self.hidden_weights -= learning_rate * gradients.hidden_weights
        self.hidden_biases -= learning_rate * gradients.hidden_biases
        self.output_weights -= learning_rate * gradients.output_weights

    def train(
        self,
        points: Sequence[ArrayLike] = POINTS,
        targets: Sequence[float] = TARGETS,
        *,
        learning_rate: float = LEARNING_RATE,
        epochs: int = EPOCHS,
    ) -> None:
        """Take a step on each point, in their order, and repeat this `epochs` times.

        Raises:
            ValueError: there are more points than targets, or fewer.
        """
        for _ in range(epochs):
            for point, target in zip(points, targets, strict=True):
                self.step(point, target, learning_rate)

    def _forward(self, inputs: Array) -> tuple[Array, Array, float]:
        """Compute the hidden units before and after ReLU, both float64 [hidden_units], and the output."""
        weighted = self.hidden_weights @ inputs + self.hidden_biases
        activated = np.maximum(weighted, 0)
        return weighted, activated, float(self.output_weights @ activated)

    def _point(self, point: ArrayLike) -> Array:
        values = np.asarray(point, dtype=np.float64)
        inputs = self.hidden_weights.shape[1]
        if values.shape != (inputs,):
            raise ValueError(
                f"the point has the shape {list(values.shape)}, but the network takes [{inputs}]: give {inputs} numbers"
            )
        return values


def _initial(shape: tuple[int, ...], rng: np.random.Generator | None) -> Array:
    return np.ones(shape) if rng is None else rng.standard_normal(shape) * np.sqrt(2 / shape[-1])
