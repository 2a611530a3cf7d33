"""Images without labels, for prediction: .npz, IDX or PNG files, which are recognized by their first bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from packtune.data.files import read_bytes
from packtune.data.formats import idx, npz, png
from packtune.errors import CorruptFile, MissingFiles

_ALLOWED = "an .npz archive with an array 'images', an IDX file (plain or .gz), a PNG file, or a folder of PNG files"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageBatch:
    """Images of one size, with their names.

    Attributes:
        images: uint8 [n, height, width], n at least 1.
        names: n names. A PNG file has its file name, an image in an array has its index ("0", "1", ...).

    Raises:
        ValueError: the dtype or the shape is wrong, or images and names differ in number.
    """

    images: npt.NDArray[np.uint8]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        fits = self.images.dtype == np.uint8 and self.images.ndim == 3 and self.images.size > 0
        if not fits or len(self.images) != len(self.names):
            raise ValueError(
                f"the images are {self.images.dtype} {list(self.images.shape)} with {len(self.names)} names, but must "
                "be uint8 [n, height, width] with n names, n at least 1: convert the images"
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def is_dark_on_light(self) -> bool:
        """Tell whether most pixels at the borders are light, as on paper. In the data sets they are dark."""
        borders = (self.images[:, [0, -1], :], self.images[:, :, [0, -1]])
        return bool(np.median(np.concatenate([pixels.ravel() for pixels in borders])) > 127)


def read_images(path: Path) -> ImageBatch:
    """Read images for prediction.

    Args:
        path: an .npz archive with an array `images` (uint8 [n, height, width]), an IDX file with three dimensions
            (plain or gzipped), a PNG file, or a folder of PNG files of one size. The PNG files of a folder are read in
            the order of their names.

    Raises:
        MissingFiles: the file cannot be opened, or the folder has no PNG file.
        CorruptFile: the content is damaged, or it is no image.
        DataError: Pillow is needed but not installed.
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
        f"{path} has no known image format: it begins with {start.hex(' ') or 'nothing'}. Allowed: {_ALLOWED}. "
        "Convert it to one of these"
    )


def read_start(path: Path, n_bytes: int = 8) -> bytes:
    """Read the first bytes of a file, which tell its format.

    Raises:
        MissingFiles: the file does not exist or cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(n_bytes)
    except OSError as error:
        raise MissingFiles(
            f"cannot read images from {path}: {error.strerror or error}: check the path and its permissions. "
            f"Allowed: {_ALLOWED}"
        ) from error


def _read_folder(folder: Path) -> ImageBatch:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png" and path.is_file())
    if not paths:
        raise MissingFiles(
            f"the folder {folder} has no .png file: check the path, or convert the images. Allowed: {_ALLOWED}"
        )
    images = [png.read(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise CorruptFile(
                f"the images of a folder differ in size: {path} has {_size(image)}, but {paths[0].name} has "
                f"{_size(images[0])} (height x width): resize them, or use two folders"
            )
    return ImageBatch(images=np.stack(images), names=tuple(path.name for path in paths))


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    array = idx.parse(read_bytes(path), source=str(path))
    if array.ndim != 3 or array.size == 0:
        raise CorruptFile(
            f"the IDX file {path} has the shape {list(array.shape)}, but images need [n, height, width] with every "
            "size at least 1: check that it is not the file of the labels"
        )
    return array


def _size(image: npt.NDArray[np.uint8]) -> str:
    return f"{image.shape[0]} x {image.shape[1]}"


def _number(images: npt.NDArray[np.uint8]) -> ImageBatch:
    return ImageBatch(images=images, names=tuple(map(str, range(len(images)))))
