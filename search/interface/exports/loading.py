"""How an exported file is loaded, in a few lines of Python, and what its user has to know."""

from __future__ import annotations

import json
from collections.abc import Callable

from packtune.data.columns.kinds import Kind
from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.files import readable
from packtune.models.exports.onnx_names import IMAGES
from packtune.models.exports.whole import form_of
from packtune.models.trained_model import TrainedModel

ROWS = """rows = {  # frame is a pandas DataFrame with the columns of the training
    each.name: frame[each.name].fillna("").astype(str).tolist()
    if each.type == "tensor(string)"
    else frame[each.name].to_numpy("float64")
    for each in session.get_inputs()
}
"""


def code_of(model: TrainedModel, file: str, ending: str, source: str | None = None) -> str:
    """Give the code that loads a file and labels examples.

    Args:
        file: its name.
        ending: that says its format, a key of `FORMATS`.
        source: of a network of the user's own, the file that builds it.
    """
    is_table = isinstance(form_of(model), ColumnPreparation)
    images = "" if is_table else f"uint8 [n, {', '.join(map(str, model.input_shape))}]"
    if ending in PROGRAMS:
        return PROGRAMS[ending](_quoted(file), images)
    named = "" if source is None else f", model={_quoted(source)}"
    return _packtune(f"{_quoted(file)}{named}", images)


def _quoted(name: str) -> str:
    """Write a name as a string of Python, in double quotes as its formatters want them."""
    return json.dumps(readable(name), ensure_ascii=False)


def _packtune(file: str, images: str) -> str:
    given = f"images)  # {images}" if images else "frame)  # a pandas DataFrame with the columns of the training"
    return f"import packtune\n\nmodel = packtune.load_model({file})\nlabels = model.predict({given}"


def _onnx(file: str, images: str) -> str:
    head = f"import onnxruntime\n\nsession = onnxruntime.InferenceSession({file})\n"
    rows = f'{{"{IMAGES}": images}})  # {images}' if images else "rows)"
    return f"{head}{'' if images else ROWS}label, probabilities, logits = session.run(None, {rows}"


def _program(file: str, images: str) -> str:
    head = f"import torch\n\nprogram = torch.export.load({file}).module()\n"
    given = f"images)  # a tensor, {images}" if images else "numbers, words)  # tensors, see below"
    return f"{head}label, probabilities, logits = program({given}"


PROGRAMS: dict[str, Callable[[str, str], str]] = {".onnx": _onnx, ".pt2": _program}
"""What writes the code of formats for other programs; packtune reads the others."""


def notes_of(model: TrainedModel, ending: str) -> list[str]:
    """Say what its user has to know, each a sentence; nothing of a file that packtune reads."""
    if ending not in PROGRAMS:
        return []
    form = form_of(model)
    if isinstance(form, ColumnPreparation):
        return _notes_of_table(form, ending)
    size = " x ".join(map(str, model.input_shape))
    notes = [f"Images are uint8 [n, {size.replace(' x ', ', ')}] from 0 to 255; they are scaled inside."]
    more = (
        "Pictures of another size, with transparency or with 16 bits are not converted"
        if form is not None
        else "Drawings of another size, dark on light or off the centre are not prepared"
    )
    return [*notes, f"{more}: that is no part of the file. The command packtune predict does it with a .pt file."]


def _notes_of_table(form: ColumnPreparation, ending: str) -> list[str]:
    kinds = {column.kind for column in form.numbers}
    notes = ["Gaps, standardisation and words are dealt with inside."]
    if form.numbers:
        notes.append("Numbers are float64, NaN where they are missing.")
    if Kind.DATE in kinds:
        notes.append("Dates are days since 1970, UTC, as numbers: reading dates as text is no part of the file.")
    if Kind.BOOLEAN in kinds:
        notes.append("Truth values are 0 and 1, as numbers.")
    if gaps := [readable(word) for column in form.numbers for word in column.gap_words]:
        notes.append(f"Words among numbers ({', '.join(gaps)}) must be given as NaN.")
    if form.words and ending == ".onnx":
        notes.append("Words are texts as in training, 3 and not 3.0, and an empty text where they are missing.")
    return [*notes, *(_notes_of_places(form) if ending == ".pt2" else [])]


def _notes_of_places(form: ColumnPreparation) -> list[str]:
    """Say how the columns become tensors, as a program of PyTorch takes no texts."""
    numbers = ", ".join(repr(readable(column.name)) for column in form.numbers)
    words = "; ".join(
        f"{readable(column.name)!r}: {', '.join(map(repr, column.words))}, then any other" for column in form.words
    )
    given = (
        f"`numbers` is float64 [n, {len(form.numbers)}] with the columns {numbers}" if numbers else "`numbers` is None"
    )
    coded = (
        f"`words` is int64 [n, {len(form.words)}] with the place of each word, from 0, in these lists: {words}"
        if words
        else "`words` is None"
    )
    return [f"{given}.", f"{coded}. Texts are no tensors: finding these places is no part of the file."]
