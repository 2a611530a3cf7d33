""".npz archives of examples and labels, by the names that Keras, MedMNIST and others give to the arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packtune.data.files import readable
from packtune.data.formats.npz_arrays import list_keys, read_arrays, show_keys
from packtune.data.options import DataOptions
from packtune.data.reading.arrays.joining import join
from packtune.data.reading.raw import TEST, TRAIN, VALIDATION, RawData
from packtune.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """Names of arrays.

    Attributes:
        source: who uses them.
        keys: of each split, the names of the examples and of the labels; the first split is needed.
    """

    source: str
    keys: Mapping[str, tuple[str, str]]


CONVENTIONS = (
    Convention(
        source="Keras",
        keys={TRAIN: ("x_train", "y_train"), VALIDATION: ("x_val", "y_val"), TEST: ("x_test", "y_test")},
    ),
    Convention(
        source="MedMNIST",
        keys={
            TRAIN: ("train_images", "train_labels"),
            VALIDATION: ("val_images", "val_labels"),
            TEST: ("test_images", "test_labels"),
        },
    ),
    Convention(source="images and labels", keys={TRAIN: ("images", "labels")}),
    Convention(source="x and y", keys={TRAIN: ("x", "y")}),
    Convention(source="data and target", keys={TRAIN: ("data", "target")}),
)


def read_archive(path: Path, options: DataOptions, memory_bytes: int | None = None) -> RawData:
    """Read the examples and labels of an .npz archive. Capital letters in names are taken for small ones.

    Args:
        options: the image size, and names of heads as targets.
        memory_bytes: that the arrays may need; none for 64 GiB.

    Raises:
        DataError: the archive has other arrays, or they do not fit.
        CorruptFile: it is damaged.
        MissingFiles: it cannot be opened.
    """
    keys = list_keys(path)
    convention, pairs = _recognize(path, keys)
    wanted = [key for pair in pairs.values() for key in pair]
    arrays = read_arrays(path, wanted, memory_bytes)
    others = [key for key in keys if key not in wanted]
    splits = {split: (arrays[examples], arrays[labels]) for split, (examples, labels) in pairs.items()}
    notes = (f"These arrays are left out: {show_keys(others)}.",) if others else ()
    return join(
        splits,
        options,
        name=readable(path.name.removesuffix(".npz")),
        format=f"an .npz archive with the arrays of {convention.source}",
        notes=notes,
    )


def _recognize(path: Path, keys: Sequence[str]) -> tuple[Convention, dict[str, tuple[str, str]]]:
    """Find the convention that the names follow, and the archive's own names for each split."""
    own = {key.lower(): key for key in reversed(keys)} | {key: key for key in keys if key == key.lower()}
    for convention in CONVENTIONS:
        pairs = {
            split: (own[examples], own[labels])
            for split, (examples, labels) in convention.keys.items()
            if examples in own and labels in own
        }
        if TRAIN in pairs:
            return convention, pairs
    understood = "; ".join(", ".join(convention.keys[TRAIN]) for convention in CONVENTIONS)
    raise DataError(
        f"{readable(str(path))} has the arrays {show_keys(keys)}, and none of these pairs of examples and labels: "
        f"{understood}. Save it again with numpy.savez(path, images=..., labels=...)"
    )
