"""Tables with words, gaps and dates as ONNX graphs: raw rows go in, and names of classes come out."""

from __future__ import annotations

import json
import re

import numpy as np
import onnx
import onnxruntime
import palmerpenguins
import pandas as pd
import pytest
import torch

import packtune
from packtune.data.columns.learning import learn
from packtune.data.description import Head
from packtune.data.own.form import write_column_form
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.exports.catalog import FORMATS
from packtune.models.exports.onnx_file import graph_names
from packtune.models.exports.rows import PreparedRows, raw_rows
from packtune.models.trained_model import TrainedModel

pytestmark = pytest.mark.slow

CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
HOSTILE = ["label", "packtune/one", "", "<b>|`$(x)`", "=1+1\n", "\u202eabc"]


@pytest.fixture(scope="module")
def penguins(tmp_path_factory):
    """Give a table of 344 rows with words, numbers and gaps, as CSV."""
    path = tmp_path_factory.mktemp("table") / "penguins.csv"
    palmerpenguins.load_penguins().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def result(searched, penguins, tmp_path_factory):
    return searched(penguins, tmp_path_factory.mktemp("penguins"), target="species", epochs=12)


@pytest.fixture(scope="module")
def folder(result, penguins, tmp_path_factory):
    """Give a folder with the table, with gaps and strange words in more columns, and the winner as a graph."""
    folder = tmp_path_factory.mktemp("exported")
    frame = pd.read_csv(penguins)
    frame.loc[::7, ["island", "year"]] = None
    frame.loc[3::11, "sex"] = "unheard of"
    frame.loc[5::13, "body_mass_g"] = np.inf
    frame.to_csv(folder / "new.csv", index=False)
    result.winner.export(folder / "penguins.onnx")
    return folder


def test_raw_rows_are_labelled_as_packtune_labels_them_in_a_process_with_pandas_alone(result, folder, in_fresh_process):
    (shown,) = CODE.findall((folder / "penguins.onnx.md").read_text())
    code = f"""
import json, sys, pandas
frame = pandas.read_csv("new.csv")
{shown}
assert not {{"torch", "packtune", "sklearn"}} & set(sys.modules)
print(json.dumps([label.tolist(), probabilities.tolist()]))
"""
    labels, probabilities = in_fresh_process(code, folder)
    frame = pd.read_csv(folder / "new.csv")
    expected = packtune.predict(result.folder, folder / "new.csv", probabilities=True).labels
    assert labels == expected["species"].tolist()
    assert len(set(labels)) == 3
    found = np.array(probabilities)
    columns = expected[["Adelie", "Chinstrap", "Gentoo"]].to_numpy()
    assert np.abs(found - columns).max() <= 1e-4  # which has four digits
    assert (expected["species"] == frame["species"]).mean() > 0.8


def test_its_card_says_what_goes_in(folder):
    card = (folder / "penguins.onnx.md").read_text()
    assert "Numbers are float64, NaN where they are missing." in card
    assert "Words are texts as in training, 3 and not 3.0, and an empty text where they are missing." in card
    assert "| classes of species | 3: Adelie, Chinstrap, Gentoo |" in card


def made_up(n=300):
    """Make a table of every kind of column, with hostile names."""
    random = np.random.default_rng(0)
    values = [
        1e9 + random.normal(size=n),
        np.where(random.random(n) < 0.2, np.nan, random.normal(size=n) * 1e-3),
        random.integers(0, 9, n) * 1.5,
        pd.date_range("1969-12-01", periods=n).astype(str),
        random.choice(["x", "=y", "grün", "a\tb", None], n),
        random.choice([True, False], n),
    ]
    return pd.DataFrame(dict(zip(HOSTILE, values, strict=True)))


@pytest.fixture(scope="module")
def columns():
    return learn(made_up())


@pytest.fixture(scope="module")
def model(columns):
    """Give a network with the weights it began with, two heads of different sizes, on the made-up table."""
    heads = (Head(name="first|`", classes=("", "b", "ü\n")), Head(name="second", classes=("p", "q")))
    configuration, shape = Configuration(hidden_units=8), (len(columns.names),)
    return TrainedModel(
        network=build_network(configuration, input_shape=shape, outputs=6, seed=0).eval(),
        configuration=configuration,
        input_shape=shape,
        heads=heads,
        preparation=write_column_form(columns),
        trained_on="made up",
        epochs=1,
        trial=0,
        seed=0,
        validation_accuracy=0.5,
    )


@pytest.fixture(scope="module")
def graph(model):
    return FORMATS[".onnx"].write(model)


def test_rows_are_prepared_in_tensors_as_by_scikit_learn_and_back(columns):
    frame = made_up()
    frame.loc[::5, ["<b>|`$(x)`", "label"]] = None
    frame.loc[::9, "=1+1\n"] = "another"
    frame.loc[1::9, ""] = 1e101
    prepared = torch.from_numpy(columns.transform(frame))
    rows = raw_rows(columns, prepared)
    again = PreparedRows(columns)(rows.numbers, rows.words)
    assert torch.allclose(again, prepared, atol=1e-6)
    assert again.isfinite().all()


@pytest.mark.parametrize("kind", ["numbers", "words"])
def test_a_table_of_one_kind_of_column_has_no_tensor_of_the_other(kind):
    frame = made_up()[["label"] if kind == "numbers" else ["=1+1\n"]]
    columns = learn(frame)
    prepared = torch.from_numpy(columns.transform(frame))
    rows = raw_rows(columns, prepared)
    given = (rows.numbers, None) if kind == "numbers" else (None, rows.words)
    assert torch.allclose(PreparedRows(columns)(*given), prepared, atol=1e-6)


def test_a_graph_says_what_the_network_says_whatever_its_columns_are_called(model, columns, graph):
    prepared = torch.from_numpy(columns.transform(made_up()))
    agreement = FORMATS[".onnx"].check(graph, model, prepared)
    assert agreement.examples == 300
    assert agreement.difference <= 1e-5


def test_inputs_are_the_columns_and_outputs_are_told_apart_from_them(model, graph):
    loaded = onnx.load_from_string(graph)
    onnx.checker.check_model(loaded)
    names = [each.name for each in loaded.graph.input]
    assert set(names) == {*HOSTILE} - {""} | {"unnamed"}
    assert [each.name for each in loaded.graph.output] == ["label_", "probabilities", "logits"]
    known = {each.key: json.loads(each.value) for each in loaded.metadata_props}
    assert known["classes"] == {"first|`": ["", "b", "ü\n"], "second": ["p", "q"]}
    assert known["columns"] == {name: "" if name == "unnamed" else name for name in names}
    assert known["packtune"]["trained_on"] == "made up"


def test_classes_that_a_head_does_not_have_are_never_said(model, graph):
    names, n = graph_names(model), 4
    session = onnxruntime.InferenceSession(graph)
    zeros = {each.name: [""] * n if "string" in each.type else np.zeros(n) for each in session.get_inputs()}
    labels, probabilities, logits = session.run(names.outputs, zeros)
    assert labels.shape == (n, 2)
    assert probabilities.shape == logits.shape == (n, 2, 3)
    assert (probabilities[:, 1, 2] == 0).all()
    assert np.allclose(probabilities.sum(2), 1)


def test_a_graph_that_says_something_else_is_not_written(model, columns, graph):
    prepared = torch.from_numpy(columns.transform(made_up()))
    other = build_network(model.configuration, input_shape=model.input_shape, outputs=6, seed=1).eval()
    changed = TrainedModel(**{name: getattr(model, name) for name in model.__slots__} | {"network": other})
    with pytest.raises(packtune.ExportError, match="of 300 labels differ, and logits by .*: nothing was written"):
        FORMATS[".onnx"].check(graph, changed, prepared)


def test_a_program_takes_numbers_and_places_of_words(model, columns):
    content = FORMATS[".pt2"].write(model)
    prepared = torch.from_numpy(columns.transform(made_up()))
    assert FORMATS[".pt2"].check(content, model, prepared).difference <= 1e-5
