"""From data as they were read to a data set: classes numbered, examples split, inputs prepared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from packtune.data.columns.channels import learn_channels
from packtune.data.columns.learning import learn
from packtune.data.dataset import Dataset, Split
from packtune.data.description import PLAIN, Head, OwnData, Scaling
from packtune.data.options import DataOptions
from packtune.data.own.form import write_column_form, write_picture_form
from packtune.data.reading.raw import TRAIN, RawData, RawSplit
from packtune.data.splitting.classes import number_classes
from packtune.data.splitting.record import rows_to_csv
from packtune.data.splitting.splits import SplitRows, Splits, split
from packtune.errors import SettingsError

Inputs = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedData:
    """A data set made of the user's own data.

    Attributes:
        own: what was found, in words and numbers.
        rows: which example is in which split, as CSV.
    """

    dataset: Dataset
    own: OwnData
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PreparedInputs:
    """The inputs of all splits, and how they were made."""

    inputs: Mapping[str, Inputs]
    scaling: Scaling
    form: str
    notes: tuple[str, ...]


def prepare(raw: RawData, options: DataOptions) -> PreparedData:
    """Make a data set. What is learnt for the preparation is learnt from the training examples alone.

    Raises:
        DataError: classes have too few examples, or no column is left.
        SettingsError: a group was given, and the data have none.
    """
    if options.group is not None and all(each.groups is None for each in raw.splits.values()):
        raise SettingsError(
            f"group = {options.group} is not allowed with {raw.format}, as only a table has a column of groups: leave "
            "it out"
        )
    classes = number_classes(raw)
    splits = split(raw, classes, options)
    prepared = _prepare_table(raw, splits) if raw.form is None else _prepare_pictures(raw, splits)
    labels = {name: classes.labels[part.source][part.rows] for name, part in splits.parts.items()}
    made = {
        name: Split(inputs=torch.from_numpy(inputs), labels=torch.from_numpy(np.ascontiguousarray(labels[name])))
        for name, inputs in prepared.inputs.items()
    }
    dataset = Dataset(
        name=raw.name,
        train=made["train"],
        validation=made["validation"],
        test=made["test"],
        heads=classes.heads,
        scaling=prepared.scaling,
        resamples=splits.resamples,
        preparation=prepared.form,
        fingerprint=fingerprint_of(made, classes.heads),
    )
    own = _own(raw, options, dataset, splits, notes=(*raw.notes, *classes.notes, *splits.notes, *prepared.notes))
    return PreparedData(dataset=dataset, own=own, rows=rows_to_csv(splits))


def _own(raw: RawData, options: DataOptions, dataset: Dataset, splits: Splits, notes: tuple[str, ...]) -> OwnData:
    """Say what was found."""
    return OwnData(
        description=dataset.description,
        format=raw.format,
        options=options,
        counts=tuple(_count(dataset, number) for number in range(len(dataset.heads))),
        is_split=tuple(name for name, part in splits.parts.items() if name != TRAIN and part.source == TRAIN),
        notes=notes,
    )


def fingerprint_of(splits: Mapping[str, Split], heads: tuple[Head, ...]) -> str:
    """Give what changes as soon as an example, a label, a split or the name of a class does."""
    digest = hashlib.blake2b(repr(heads).encode(), digest_size=16)
    for name, each in splits.items():
        digest.update(f"{name} {tuple(each.inputs.shape)} {tuple(each.labels.shape)}".encode())
        digest.update(np.ascontiguousarray(each.inputs.numpy()).data)
        digest.update(np.ascontiguousarray(each.labels.numpy()).data)
    return digest.hexdigest()


def _prepare_pictures(raw: RawData, splits: Splits) -> _PreparedInputs:
    assert raw.form is not None
    inputs = {name: _rows(raw, part) for name, part in splits.parts.items()}
    scaling = learn_channels(inputs[TRAIN])
    return _PreparedInputs(inputs=inputs, scaling=scaling, form=write_picture_form(raw.form), notes=())


def _rows(raw: RawData, part: SplitRows) -> npt.NDArray[np.uint8]:
    images = raw.splits[part.source].inputs
    assert isinstance(images, np.ndarray)
    return images[part.rows]


def _prepare_table(raw: RawData, splits: Splits) -> _PreparedInputs:
    frames = {name: _frame(raw.splits[part.source], part) for name, part in splits.parts.items()}
    columns = learn(frames[TRAIN])
    inputs = {name: columns.transform(frame) for name, frame in frames.items()}
    return _PreparedInputs(inputs=inputs, scaling=PLAIN, form=write_column_form(columns), notes=columns.notes)


def _frame(source: RawSplit, part: SplitRows):  # type: ignore[no-untyped-def]  # pandas has no types here
    assert not isinstance(source.inputs, np.ndarray)
    return source.inputs.iloc[part.rows]


def _count(dataset: Dataset, head: int) -> tuple[int, ...]:
    """Count the examples of each class of a head, over all splits."""
    labels = torch.cat([each.labels[:, head] for each in dataset.splits.values()])
    return tuple(torch.bincount(labels, minlength=len(dataset.heads[head].classes)).tolist())
