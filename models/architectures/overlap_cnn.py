"""The reference notebook's convolutional network for two overlapping digits, as a plain PyTorch network."""

from __future__ import annotations

from torch import nn

from packtune.models.architectures.shapes import image_shape, overlap_cnn_map
from packtune.models.configuration import Configuration
from packtune.models.layers.activations import ACTIVATIONS

KERNEL, PADDING = (5, 7), (2, 3)  # rows, columns; output maps are as large as the input


def build_overlap_cnn(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Build two blocks of oblong convolution, activation and max-pooling, then dropout, and two linear layers.

    The first block has `filters` filters (32 in the notebook), the second twice as many. The blocks reduce images of
    42 x 28 to maps of 21 x 9 and of 10 x 7. With 32 filters these are 64 * 10 * 7 = 4,480 features, as in the
    notebook. The second pooling needs a stride of 1 along the columns for that. As in the notebook, dropout comes
    before the hidden layer, and no activation follows it.

    Args:
        input_shape: (channels, height, width) of the images.
        outputs: logits, over all heads.

    Returns:
        Images float32 [n, channels, height, width] -> logits float32 [n, outputs].

    Raises:
        ValueError: the inputs are no images, or smaller than 4 x 10.
    """
    channels, height, width = image_shape(configuration, input_shape)
    rows, columns = overlap_cnn_map(height, width)
    filters = configuration.filters
    return nn.Sequential(
        nn.Conv2d(channels, filters, KERNEL, padding=PADDING),
        ACTIVATIONS[configuration.activation].module(),
        nn.MaxPool2d((2, 4), stride=(2, 3)),
        nn.Conv2d(filters, 2 * filters, KERNEL, padding=PADDING),
        ACTIVATIONS[configuration.activation].module(),
        nn.MaxPool2d((2, 3), stride=(2, 1)),
        nn.Flatten(),
        nn.Dropout(configuration.dropout),
        nn.Linear(2 * filters * rows * columns, configuration.hidden_units),
        nn.Linear(configuration.hidden_units, outputs),
    )
