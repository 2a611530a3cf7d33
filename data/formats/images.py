"""Images without labels, for prediction: .npz, IDX or picture files, which are recognized by their first bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from packtune.data.files import read_bytes, readable
from packtune.data.formats import idx, npz, pictures
from packtune.errors import CorruptFile, MissingFiles

_ALLOWED = (
    "an .npz archive with an array 'images', an IDX file (plain or .gz), a picture (PNG, JPEG, WebP, BMP, TIFF, GIF), "
    "or a folder of pictures"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageBatch:
    """Images with their names.

    Attributes:
        images: uint8 [n, height, width], n at least 1; for a folder of pictures that differ in size, n arrays uint8
            [height, width].
        names: n names. A picture has its file name, an image in an array has its index ("0", "1", ...).
        remarks: what else is to be said of an image, by its name, such as "page 1 of 3".
        left_out: the names of what lies in a folder and is no picture. Names with a dot first are not listed.

    Raises:
        ValueError: the dtype or the shape is wrong, or images and names differ in number.
    """

    images: npt.NDArray[np.uint8] | tuple[npt.NDArray[np.uint8], ...]
    names: tuple[str, ...]
    remarks: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        fits = all(image.dtype == np.uint8 and image.ndim == 2 and image.size > 0 for image in self.images)
        if not fits or len(self.images) != len(self.names) or not self.names:
            described = f"{self.images[0].dtype} {list(np.shape(self.images))}" if len(self.images) else "empty"
            raise ValueError(
                f"the images are {described} with {len(self.names)} names, but must be uint8 [n, height, width] with "
                "n names, n at least 1: convert the images"
            )

    def __len__(self) -> int:
        return len(self.images)


def read_images(path: Path) -> ImageBatch:
    """Read images for prediction.

    Args:
        path: an .npz archive with an array `images` (uint8 [n, height, width]), an IDX file with three dimensions
            (plain or gzipped), a picture, or a folder of pictures, which may differ in size. The pictures of a folder
            are read in the order of their names.

    Raises:
        MissingFiles: the file cannot be opened, or the folder has no picture.
        CorruptFile: the content is damaged, or it is no image.
        DataError: Pillow is needed but not installed.
    """
    if path.is_dir():
        return _read_folder(path)
    start = read_start(path)
    if pictures.is_picture(start):
        return _gather([path], left_out=())
    if start.startswith(npz.ZIP_MAGICS):
        return _number(npz.read(path))
    if start.startswith((idx.GZIP_MAGIC, idx.MAGIC[:2])):
        return _number(_read_idx(path))
    raise CorruptFile(
        f"{path} has no known image format: it begins with {start[:8].hex(' ') or 'nothing'}. Allowed: {_ALLOWED}. "
        "Convert it to one of these"
    )


def read_start(path: Path, n_bytes: int = pictures.MAGIC_BYTES) -> bytes:
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
    # A name with a dot first is hidden. macOS writes such a file, `._00.png`, beside each file that it copies.
    entries = sorted(path for path in _list(folder) if not path.name.startswith("."))
    found = [path for path in entries if _is_picture(path)]
    left_out = tuple(readable(path.name) for path in entries if path not in found)
    if not found:
        raise MissingFiles(
            f"the folder {folder} has no picture: check the path, or convert the images. Allowed: {_ALLOWED}"
        )
    return _gather(found, left_out=left_out)


def _list(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise MissingFiles(
            f"cannot read the folder {folder}: {error.strerror or error}: check its permissions"
        ) from error


def _is_picture(path: Path) -> bool:
    if not path.is_file():
        return False
    return path.suffix.lower() in pictures.SUFFIXES or pictures.is_picture(read_start(path))


def _gather(paths: Sequence[Path], *, left_out: tuple[str, ...]) -> ImageBatch:
    read = [pictures.read(path) for path in paths]
    names = tuple(readable(path.name) for path in paths)
    pages = zip(names, (picture.pages for picture in read), strict=True)
    images = tuple(picture.pixels for picture in read)
    same_size = len({image.shape for image in images}) == 1
    return ImageBatch(
        images=np.stack(images) if same_size else images,
        names=names,
        remarks=tuple((name, f"page 1 of {n}") for name, n in pages if n > 1),
        left_out=left_out,
    )


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    array = idx.parse(read_bytes(path), source=str(path))
    if array.ndim != 3 or array.size == 0:
        raise CorruptFile(
            f"the IDX file {path} has the shape {list(array.shape)}, but images need [n, height, width] with every "
            "size at least 1: check that it is not the file of the labels"
        )
    return array


def _number(images: npt.NDArray[np.uint8]) -> ImageBatch:
    return ImageBatch(images=images, names=tuple(map(str, range(len(images)))))
