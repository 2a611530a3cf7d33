"""The convolutional network as a plain PyTorch network."""

from __future__ import annotations

from torch import nn

from packtune.models.architectures.shapes import cnn_map, image_shape
from packtune.models.configuration import Configuration
from packtune.models.layers.activations import ACTIVATIONS


def build_cnn(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Build blocks of convolution, activation and max-pooling, then a hidden layer with dropout, and a linear output.

    Block b, counted from 0, has `filters * 2**b` filters of `kernel_size`, without padding, and a pooling window of
    `pooling` with the same stride. As in the reference notebook, no activation follows the hidden layer.

    Args:
        input_shape: (channels, height, width) of the images.
        outputs: logits, over all heads.

    Returns:
        Images float32 [n, channels, height, width] -> logits float32 [n, outputs].

    Raises:
        ValueError: the inputs are no images, or too small for that many blocks.
    """
    layers: list[nn.Module] = []
    channels, height, width = image_shape(configuration, input_shape)
    rows, columns = cnn_map(configuration, height, width)
    for block in range(configuration.blocks):
        filters = configuration.filters * 2**block
        layers += [
            nn.Conv2d(channels, filters, configuration.kernel_size),
            ACTIVATIONS[configuration.activation].module(),
            nn.MaxPool2d(configuration.pooling),
        ]
        channels = filters
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Linear(channels * rows * columns, configuration.hidden_units),
        nn.Dropout(configuration.dropout),
        nn.Linear(configuration.hidden_units, outputs),
    )
