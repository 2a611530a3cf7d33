"""Tables of examples: of a file or a DataFrame, with classes in target columns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from packtune.data.files import readable
from packtune.data.options import DataOptions
from packtune.data.reading.pixel_tables import LABEL_NAME, pixel_form, to_images
from packtune.data.reading.raw import TRAIN, Progress, RawData, RawSplit
from packtune.data.reading.table_files import SUFFIXES, check_names, load_table
from packtune.data.reading.targets import choose_targets, leaks, read_groups, read_target
from packtune.errors import DataError


def read_table(
    path: Path, options: DataOptions, progress: Progress | None = None, *, memory_bytes: int | None = None
) -> RawData:
    """Read a table of examples from a CSV, TSV or Parquet file.

    Args:
        path: ends with .csv, .tsv, .csv.gz, .tsv.gz or .parquet. The first line of a text has the names of the
            columns; it is UTF-8, UTF-16 with its mark, or Latin-1, and a .csv has commas, semicolons or tabs.
        options: the target columns, and the group column if there is one.
        progress: called while rows are read.
        memory_bytes: memory that is free; None for no limit.

    Returns:
        One split, `train`. Its inputs are the other columns, or images where the columns are pixels.

    Raises:
        MissingFiles: the file cannot be opened.
        CorruptFile: the file is no such table, or names a column twice.
        SettingsError: no target is given, or a target or the group is no column.
        DataError: it needs more memory than there is, a package is missing, there are no rows, or a target has gaps or
            is a quantity.
    """
    file = load_table(path, progress, memory_bytes)
    return frame_to_raw(file.frame, _stem(path), options, format=file.format, notes=file.notes)


def frame_to_raw(
    frame: pd.DataFrame,
    name: str,
    options: DataOptions,
    *,
    format: str = "a DataFrame",
    notes: tuple[str, ...] = (),
) -> RawData:
    """Take targets and groups out of a table. Its index is not used.

    Args:
        frame: one example in a row.
        name: for people.
        options: the target columns, and the group column if there is one.
        format: what it is, in words.
        notes: what is known of it already.

    Raises:
        CorruptFile: two columns have one name.
        SettingsError: no target is given, or a target or the group is no column.
        DataError: there are no rows or no other columns, or a target has gaps or is a quantity.
    """
    where = f"the table {readable(name)!r}"
    table = frame.set_axis([str(column) for column in frame.columns], axis=1).reset_index(drop=True)
    check_names(list(table.columns), where)
    if not len(table) or table.shape[1] < 2:
        missing = "columns" if table.shape[1] < 2 else "rows"
        raise DataError(
            f"{where} has too few {missing} ({len(table):,} rows, {table.shape[1]:,} columns): a table "
            "needs examples in rows, a column with classes and others to tell them by"
        )
    options = _with_label(table, options)
    targets = choose_targets(table, options, where)
    return _raw(table, targets, options, where=where, found=RawData(name=name, format=format, splits={}, notes=notes))


def _raw(table: pd.DataFrame, targets: tuple[str, ...], options: DataOptions, *, where: str, found: RawData) -> RawData:
    labels = {target: read_target(table[target], where) for target in targets}
    groups = read_groups(table[options.group], where) if options.group is not None else None
    inputs = table.drop(columns=[*targets, *filter(None, [options.group])])
    if not inputs.shape[1]:
        raise DataError(f"{where} has no columns besides targets and group: add columns that tell the classes")
    notes = [*found.notes, *(note for target in targets for note in _leak_notes(inputs, table[target]))]
    form = pixel_form(list(inputs.columns), options.image_size)
    images = to_images(inputs, form) if form is not None else None
    if images is None or form is None:
        split = RawSplit(inputs=inputs, labels=labels, groups=groups)
        return RawData(name=found.name, format=found.format, splits={TRAIN: split}, notes=tuple(notes))
    notes.append(f"The {inputs.shape[1]:,} columns are pixels of images of {form.height}x{form.width}.")
    split = RawSplit(inputs=images, labels=labels, groups=groups)
    return RawData(
        name=found.name, format=f"{found.format} of pixels", splits={TRAIN: split}, form=form, notes=tuple(notes)
    )


def _with_label(table: pd.DataFrame, options: DataOptions) -> DataOptions:
    """Add the target of a pixel table, where none is given."""
    if options.target or LABEL_NAME not in table.columns:
        return options
    others = [column for column in table.columns if column not in (LABEL_NAME, options.group)]
    form = pixel_form(others, options.image_size)
    if form is None or to_images(table[others].iloc[:100], form) is None:
        return options
    return DataOptions(
        target=(LABEL_NAME,),
        group=options.group,
        validation_share=options.validation_share,
        test_share=options.test_share,
        image_size=options.image_size,
    )


def _leak_notes(inputs: pd.DataFrame, target: pd.Series) -> list[str]:
    return [
        f"The column {readable(column)!r} tells the target {readable(str(target.name))!r} without fail: leave it out "
        "if it will not be known at prediction."
        for column in leaks(inputs, target)
    ]


def _stem(path: Path) -> str:
    name = readable(path.name)
    suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)] or name
