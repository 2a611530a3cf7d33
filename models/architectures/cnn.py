"""The convolutional network as a plain PyTorch network."""

from __future__ import annotations

from torch import nn

from packtune.models.architectures.normalization import map_normalization
from packtune.models.architectures.shapes import cnn_map, image_shape
from packtune.models.configuration import Configuration
from packtune.models.layers.activations import ACTIVATIONS


def build_cnn(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Build blocks of convolution, activation and max-pooling, then a hidden layer with dropout, and a linear output.

    Block b, counted from 0, has `filters * 2**b` filters of `kernel_size`, without padding, and a pooling window of
    `pooling` with the same stride. The convolutions of blocks after the first may be separable: each channel by itself,
    then all channels at each pixel. A normalization comes before the activation. With `global_pooling`, the last maps
    are averaged over their pixels. As in the reference notebook, no activation follows the hidden layer.

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
        layers += _block(configuration, channels, filters, is_first=block == 0)
        channels = filters
    if configuration.global_pooling:
        layers.append(nn.AdaptiveAvgPool2d(1))
        rows, columns = 1, 1
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Linear(channels * rows * columns, configuration.hidden_units),
        nn.Dropout(configuration.dropout),
        nn.Linear(configuration.hidden_units, outputs),
    )


def _block(configuration: Configuration, channels: int, filters: int, *, is_first: bool) -> list[nn.Module]:
    kernel_size, bias = configuration.kernel_size, configuration.normalization != "batch"
    if configuration.convolution == "separable" and not is_first:
        # See "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications" (Howard et al. 2017).
        depthwise = nn.Conv2d(channels, channels, kernel_size, groups=channels, bias=False)
        convolutions = [depthwise, nn.Conv2d(channels, filters, 1, bias=bias)]
    else:
        convolutions = [nn.Conv2d(channels, filters, kernel_size, bias=bias)]
    return [
        *convolutions,
        *map_normalization(configuration, filters),
        ACTIVATIONS[configuration.activation].module(),
        nn.MaxPool2d(configuration.pooling),
    ]
