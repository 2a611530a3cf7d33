"""The form of inputs as text, which a model keeps: how new examples are made like those of the training."""

from __future__ import annotations

import json
from dataclasses import asdict

from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.reading.raw import PictureForm
from packtune.errors import CorruptFile

Form = PictureForm | ColumnPreparation


def write_picture_form(form: PictureForm) -> str:
    """Write the form of pictures."""
    return json.dumps({"pictures": asdict(form)}, ensure_ascii=False, sort_keys=True)


def write_column_form(columns: ColumnPreparation) -> str:
    """Write how the columns of a table are prepared."""
    return json.dumps({"columns": columns.to_plain()}, ensure_ascii=False, sort_keys=True)


def read_form(text: str) -> Form:
    """Read what one of the two wrote.

    Raises:
        CorruptFile: the text is no such form.
    """
    try:
        ((kind, values),) = json.loads(text).items()
        if kind == "pictures":
            return PictureForm(**values)
        if kind == "columns":
            return ColumnPreparation.from_plain(values)
    except (ValueError, TypeError, AttributeError) as error:
        raise CorruptFile(f"the preparation in the model is damaged ({error}): export the model again") from error
    raise CorruptFile(f"the preparation in the model is of an unknown kind {kind!r}: use a newer packtune")
