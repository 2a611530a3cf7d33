"""The shapes of inputs that an architecture can take."""

from __future__ import annotations

from packtune.models.configuration import Configuration


def image_shape(configuration: Configuration, input_shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Give the channels, height and width of images.

    Raises:
        ValueError: the inputs are rows of a table.
    """
    if len(input_shape) != 3:
        raise ValueError(
            f"the architecture {configuration.architecture} needs images, and not rows of {input_shape[0]} columns: "
            "use an mlp"
        )
    channels, height, width = input_shape
    return channels, height, width
