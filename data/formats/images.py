"""Images without labels, for prediction: read from .npz, IDX or PNG, told apart by their first bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from packtune.data.files import read_bytes
from packtune.data.formats import idx, npz, png
from packtune.errors import CorruptFile, MissingFiles

_ALLOWED = "an .npz archive with an array 'images', an IDX file (plain or .gz), a PNG file or a folder of PNG files"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageBatch:
    """Images of one size, and what to call them.

    Attributes:
        images: uint8 [n, height, width], n at least 1.
        names: n names: the file's for a PNG, the position ("0", "1", ...) in an array.

    Raises:
        ValueError: wrong dtype or shape, or another number of names than images.
    """

    images: npt.NDArray[np.uint8]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        fits = self.images.dtype == np.uint8 and self.images.ndim == 3 and self.images.size > 0
        if not fits or len(self.images) != len(self.names):
            raise ValueError(
                f"A batch of images is inconsistent: {self.images.dtype} {list(self.images.shape)} with "
                f"{len(self.names)} names given, uint8 [n, height, width] with n names, n at least 1, "
                "allowed. Convert the images first."
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def is_dark_on_light(self) -> bool:
        """Tell whether most pixels at the images' borders are light, as on paper; those of the data sets are dark."""
        borders = (self.images[:, [0, -1], :], self.images[:, :, [0, -1]])
        return bool(np.median(np.concatenate([pixels.ravel() for pixels in borders])) > 127)


def read_images(path: Path) -> ImageBatch:
    """Read images for prediction.

    Args:
        path: an .npz archive with an array `images` (uint8 [n, height, width]), an IDX file with three
            dimensions (plain or gzipped), a PNG file, or a folder of PNG files of one size, read in the
            order of their names.

    Raises:
        MissingFiles: nothing is there, or no PNG file in the folder.
        CorruptFile: the content cannot be used.
        DataError: Pillow is needed and not installed.
    """
    if path.is_dir():
        return _read_folder(path)
    start = read_start(path)
    if start.startswith(png.MAGIC):
        return ImageBatch(images=png.read(path)[None], names=(path.name,))
    if start.startswith(npz.ZIP_MAGICS):
        return _number(npz.read(path))
    if start.startswith((idx.GZIP_MAGIC, idx.MAGIC[:2])):
        return _number(_read_idx(path))
    raise CorruptFile(
        f"A file holds no known kind of images: {path} beginning with {start.hex(' ') or 'nothing'} given, "
        f"{_ALLOWED} allowed. Convert it to one of these."
    )


def read_start(path: Path, n_bytes: int = 8) -> bytes:
    """Read the bytes that tell the kind of a file.

    Raises:
        MissingFiles: the file is not there or cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(n_bytes)
    except OSError as error:
        raise MissingFiles(
            f"No images can be read: {path} given ({error.strerror or error}), {_ALLOWED} allowed. "
            "Check the path and its permissions."
        ) from error


def _read_folder(folder: Path) -> ImageBatch:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png" and path.is_file())
    if not paths:
        raise MissingFiles(
            f"A folder holds no images: {folder} without a .png file given, {_ALLOWED} allowed. "
            "Check the path, or convert the images to PNG."
        )
    images = [png.read(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise CorruptFile(
                f"Images of a folder differ in size: {path} with {list(image.shape)} given, "
                f"{list(images[0].shape)} as in {paths[0].name} allowed. "
                "Bring all to one size, or use two folders."
            )
    return ImageBatch(images=np.stack(images), names=tuple(path.name for path in paths))


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    array = idx.parse(read_bytes(path), source=str(path))
    if array.ndim != 3 or array.size == 0:
        raise CorruptFile(
            f"An IDX file holds no images: {path} with the shape {list(array.shape)} given, "
            "[n, height, width] with every size at least 1 allowed. Check that it is not the file of "
            "the labels."
        )
    return array


def _number(images: npt.NDArray[np.uint8]) -> ImageBatch:
    return ImageBatch(images=images, names=tuple(str(position) for position in range(len(images))))
