"""Joins arrays of examples with arrays of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packtune.data.options import DataOptions
from packtune.data.reading.arrays.inputs import Inputs, to_inputs
from packtune.data.reading.arrays.labels import check_length, to_labels
from packtune.data.reading.arrays.levels import Array
from packtune.data.reading.raw import RawData, RawSplit


def join(
    splits: Mapping[str, tuple[Array, Array]],
    options: DataOptions,
    *,
    name: str,
    format: str,
    notes: Sequence[str] = (),
    channels_first: bool = False,
) -> RawData:
    """Join arrays of examples and of labels.

    Args:
        splits: by name, `train` among them, examples and labels; see `to_inputs` and `to_labels`.
        options: the image size, and names of heads as targets.
        channels_first: see `to_inputs`.

    Raises:
        DataError: they do not fit.
    """
    labels, label_notes = to_labels({split: pair[1] for split, pair in splits.items()}, options.target)
    for split, (examples, _) in splits.items():
        check_length(split, len(examples), labels[split])
    inputs = to_inputs(
        {split: pair[0] for split, pair in splits.items()}, options.image_size, channels_first=channels_first
    )
    return RawData(
        name=name,
        format=f"{format}, {_kind(inputs)}",
        splits={split: RawSplit(inputs=inputs.splits[split], labels=labels[split]) for split in splits},
        form=inputs.form,
        notes=(*notes, *inputs.notes, *label_notes),
    )


def _kind(inputs: Inputs) -> str:
    return "a table" if inputs.form is None else "images"
