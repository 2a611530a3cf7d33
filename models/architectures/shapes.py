"""The shapes of inputs that a configuration can take. Needs no PyTorch, so that a space can be fitted to data early."""

from __future__ import annotations

from packtune.models.configuration import IMAGE_AUGMENTATIONS, Configuration


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


def cnn_map(configuration: Configuration, height: int, width: int) -> tuple[int, int]:
    """Give rows and columns of the maps that the blocks of a cnn make of an image.

    Raises:
        ValueError: the image is too small for that many blocks.
    """
    rows, columns = height, width
    for block in range(configuration.blocks):
        rows = (rows - configuration.kernel_size + 1) // configuration.pooling
        columns = (columns - configuration.kernel_size + 1) // configuration.pooling
        if min(rows, columns) < 1:
            raise ValueError(
                f"a cnn of {configuration.blocks} blocks with kernel_size {configuration.kernel_size} and pooling "
                f"{configuration.pooling} leaves no pixel of a {height} x {width} image after block {block + 1}: "
                "use fewer blocks, smaller kernels or less pooling"
            )
    return rows, columns


def overlap_cnn_map(height: int, width: int) -> tuple[int, int]:
    """Give rows and columns of the maps that the blocks of an overlap-cnn make of an image.

    Raises:
        ValueError: the image is smaller than 4 x 10.
    """
    rows, columns = (height - 2) // 2 + 1, (width - 4) // 3 + 1
    rows, columns = (rows - 2) // 2 + 1, columns - 2
    if min(rows, columns) < 1:
        raise ValueError(
            f"an overlap-cnn leaves no pixel of a {height} x {width} image (height x width): "
            "use images of 4 x 10 or more"
        )
    return rows, columns


def check_fits(configuration: Configuration, input_shape: tuple[int, ...]) -> None:
    """Make sure that the network of a configuration can be built for inputs of a shape, and trained with them.

    Raises:
        ValueError: it cannot.
    """
    check_augmentation(configuration, input_shape)
    if configuration.architecture == "cnn":
        cnn_map(configuration, *image_shape(configuration, input_shape)[1:])
    elif configuration.architecture == "overlap-cnn":
        overlap_cnn_map(*image_shape(configuration, input_shape)[1:])


def check_augmentation(configuration: Configuration, input_shape: tuple[int, ...]) -> None:
    """Refuse an augmentation of images for rows of a table.

    Raises:
        ValueError: the inputs are rows.
    """
    name = configuration.augmentation
    if name in IMAGE_AUGMENTATIONS and len(input_shape) != 3:
        raise ValueError(
            f"the augmentation {name} needs images, and not rows of {input_shape[0]} columns: use mixup, noise or none"
        )


def fits(configuration: Configuration, input_shape: tuple[int, ...]) -> bool:
    """Tell whether the network of a configuration can be built for inputs of a shape, and trained with them."""
    try:
        check_fits(configuration, input_shape)
    except ValueError:
        return False
    return True
