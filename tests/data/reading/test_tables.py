"""Tables of real data in every format give the same examples; what cannot be used gets an error that says why."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from palmerpenguins import load_penguins
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from packtune.data.options import DataOptions
from packtune.data.reading.tables import frame_to_raw, read_table
from packtune.errors import CorruptFile, DataError, MissingFiles, SettingsError

SPECIES = DataOptions(target=("species",))


@pytest.fixture(scope="module")
def penguins():
    """344 penguins: words, numbers and gaps."""
    return load_penguins()


def write_csv(frame, path):
    frame.to_csv(path, index=False)


WRITERS = {
    "table.csv": write_csv,
    "table.CSV": write_csv,
    "table.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "table.csv.gz": write_csv,
    "table.tsv.gz": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "table.parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "semicolons.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";"),
    "german.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";", decimal=","),
    "tabs.csv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "marked.csv": lambda frame, path: frame.to_csv(path, index=False, encoding="utf-8-sig"),
    "excel.csv": lambda frame, path: frame.to_csv(path, index=False, sep="\t", encoding="utf-16"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_gives_the_same_examples_in_every_format(name, penguins, tmp_path):
    WRITERS[name](penguins, tmp_path / name)
    raw = read_table(tmp_path / name, SPECIES)
    split = raw.splits["train"]
    assert raw.form is None and raw.name == name.partition(".")[0]
    assert list(split.labels) == ["species"] and split.labels["species"].tolist() == penguins["species"].tolist()
    expected = penguins.drop(columns="species")
    pd.testing.assert_frame_equal(split.inputs, expected, check_dtype=False, check_exact=True)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_tables_of_numbers_come_back_exactly(load, tmp_path):
    frame = load(as_frame=True).frame
    frame.to_csv(tmp_path / "t.csv", index=False)
    split = read_table(tmp_path / "t.csv", DataOptions(target=("target",))).splits["train"]
    assert np.array_equal(split.inputs.to_numpy(), frame.drop(columns="target").to_numpy())
    assert split.labels["target"].dtype == np.int64 and np.array_equal(split.labels["target"], frame["target"])


def test_several_targets_and_a_group(penguins):
    raw = frame_to_raw(penguins.dropna(), "p", DataOptions(target=("species", "sex"), group="island"))
    split = raw.splits["train"]
    assert list(split.labels) == ["species", "sex"]
    assert not {"species", "sex", "island"} & set(split.inputs.columns)
    assert split.groups.tolist() == penguins.dropna()["island"].tolist()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False, True], "b"),
        ([1, 2, 1], "i"),
        ([1.0, 2.0, 1.0], "i"),
        (pd.array([1, 2, 1], dtype="Int64"), "i"),
        (pd.Categorical(["a", "b", "a"]), "O"),
        (pd.Categorical([3, 1, 3]), "i"),
        (pd.array(["a", "b", "a"], dtype="str"), "O"),
        (pd.array([True, False, True], dtype="boolean"), "b"),
        (["a", 1, "a"], "O"),
        ([2**64, 2**65, 2**64], "O"),
    ],
)
def test_targets_of_every_type(values, kind):
    raw = frame_to_raw(pd.DataFrame({"x": [1.5, 2.5, 3.5], "y": values}), "t", DataOptions(target=("y",)))
    assert raw.splits["train"].labels["y"].dtype.kind == kind


def test_latin_1_is_said(tmp_path):
    (tmp_path / "t.csv").write_bytes("größe,klasse\n1,süß\n2,sauer\n".encode("latin-1"))
    raw = read_table(tmp_path / "t.csv", DataOptions(target=("klasse",)))
    assert raw.splits["train"].labels["klasse"].tolist() == ["süß", "sauer"]
    assert "Latin-1" in raw.notes[0]


def test_progress_counts_rows(penguins, tmp_path):
    pd.concat([penguins] * 100).to_csv(tmp_path / "t.csv", index=False)
    calls = []
    read_table(tmp_path / "t.csv", SPECIES, lambda *call: calls.append(call))
    assert len(calls) > 2 and calls == sorted(calls) and calls[-1] == (34_400, 34_400)


def test_names_that_are_numbers_and_an_index_are_taken():
    frame = pd.DataFrame({0: [1.0, 2.0], 1: ["a", "b"]}, index=[7, 7])
    split = frame_to_raw(frame, "t", DataOptions(target=("1",))).splits["train"]
    assert list(split.inputs.columns) == ["0"] and list(split.inputs.index) == [0, 1]


def test_a_copy_of_the_target_is_told(penguins):
    frame = penguins.assign(code=penguins["species"].map({"Adelie": 7, "Gentoo": 3, "Chinstrap": 5}))
    (note,) = frame_to_raw(frame, "p", SPECIES).notes
    assert "'code' tells the target 'species'" in note


def test_no_other_column_of_the_penguins_is_told(penguins):
    assert frame_to_raw(penguins, "p", SPECIES).notes == ()


def digits_frame(style):
    digits = load_digits()
    levels = np.minimum(digits.data * 16, 255).astype(int)
    names = {
        "pixel0": [f"pixel{i}" for i in range(64)],
        "pixel1": [f"pixel{i + 1}" for i in range(64)],
        "1x1": [f"{i // 8 + 1}x{i % 8 + 1}" for i in range(64)],
    }[style]
    frame = pd.DataFrame(levels, columns=names)
    frame.insert(0, "label", digits.target)
    return frame, levels.reshape(-1, 1, 8, 8)


@pytest.mark.parametrize("style", ["pixel0", "pixel1", "1x1"])
def test_tables_of_pixels_are_images(style, tmp_path):
    frame, images = digits_frame(style)
    frame.to_csv(tmp_path / "digits.csv", index=False)
    raw = read_table(tmp_path / "digits.csv", DataOptions())
    split = raw.splits["train"]
    assert split.inputs.dtype == np.uint8 and np.array_equal(split.inputs, images)
    assert np.array_equal(split.labels["label"], frame["label"])
    assert (raw.form.channels, raw.form.height, raw.form.width) == (1, 8, 8)
    assert raw.notes == ("The 64 columns are pixels of images of 8x8.",)


def test_a_size_makes_images_of_any_names():
    frame = pd.DataFrame(np.arange(48).reshape(2, 24)).assign(kind=["a", "b"])
    raw = frame_to_raw(frame, "t", DataOptions(target=("kind",), image_size=(2, 4)))
    assert raw.splits["train"].inputs.shape == (2, 3, 2, 4)
    assert np.array_equal(raw.splits["train"].inputs[1].ravel(), np.arange(24, 48))


@pytest.mark.parametrize("value", [256, -1, 0.5, np.nan])
def test_other_values_are_no_pixels(value):
    frame, _ = digits_frame("pixel0")
    frame = frame.astype(float)
    frame.loc[1_000, "pixel9"] = value
    raw = frame_to_raw(frame, "t", DataOptions(target=("label",)))
    assert raw.form is None and raw.splits["train"].inputs.shape == (1797, 64)


ROWS = pd.DataFrame({"size": [1.0, 2.0, 3.0], "Kind": ["a", "b", "a"], "who": ["p", "q", None]})


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (ROWS, DataOptions(), "columns are: size, Kind, who. .*probably --target who"),
        (ROWS.rename(columns={"size": "Label"}), DataOptions(), "probably --target Label"),
        (ROWS, DataOptions(target=("kind",)), "no column 'kind'.*Did you mean 'Kind'"),
        (ROWS, DataOptions(target=("Kind",), group="whom"), "no column 'whom', which is given as the group.*'who'"),
        (ROWS, DataOptions(target=("Kind",), group="Kind"), "as target and as group"),
        (ROWS, DataOptions(target=("Kind",), group="who"), "the group 'who' .*no value in 1 of 3 rows .row 3."),
        (ROWS, DataOptions(target=("who",)), "the target 'who' .*no value in 1 of 3 rows .row 3.: remove"),
        (ROWS[:0], DataOptions(target=("Kind",)), "too few rows"),
        (ROWS[["Kind"]], DataOptions(target=("Kind",)), "too few columns"),
        (ROWS[["Kind", "size"]], DataOptions(target=("Kind", "size")), "no columns besides"),
        (ROWS.set_axis(["a", "a", "b"], axis=1), DataOptions(target=("b",)), "more than one column.*'a'"),
        (ROWS.assign(t=pd.Timestamp("2020-01-01")), DataOptions(target=("t",)), "dates or times"),
        (ROWS.assign(t=[1.0, np.inf, 2.0]), DataOptions(target=("t",)), "such as inf: this looks like regression"),
    ],
)
def test_what_cannot_be_used_is_said(frame, options, message):
    with pytest.raises((DataError, SettingsError), match=message):
        frame_to_raw(frame, "t", options)


@pytest.mark.parametrize(("target", "different"), [("target", 214), ("bmi", 163)])
def test_a_quantity_is_refused(target, different):
    with pytest.raises(DataError, match=f"{different} different numbers.* looks like regression: not supported"):
        frame_to_raw(load_diabetes(as_frame=True).frame, "t", DataOptions(target=(target,)))


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("t.csv", b"", CorruptFile, "is empty"),
        ("t.csv", b"\n\n", CorruptFile, "is empty"),
        ("t.csv", b"\x89PNG\r\n\x1a\n\x00\x00", CorruptFile, "is no text"),
        ("t.csv", b"a,b\n1,2\n3,4,5\n", CorruptFile, "is no table .*line 3"),
        ("t.csv", b"a,b,a\n1,2,x\n", CorruptFile, "more than one column with the name 'a'"),
        ("t.csv", b"a,b\n", DataError, "too few rows"),
        ("t.csv.gz", b"a,b\n1,2\n", CorruptFile, "no complete gzip file"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n")[:-6], CorruptFile, "no complete gzip file"),
        ("t.parquet", b"a,b\n1,2\n", CorruptFile, "Parquet"),
        ("t.parquet", b"PAR1" + bytes(40) + b"PAR1", CorruptFile, "Parquet"),
    ],
)
def test_damaged_files_are_told(name, content, error, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        read_table(tmp_path / name, DataOptions(target=("b",)))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_missing_file_is_told(name):
    with pytest.raises(MissingFiles, match="No such file"):
        read_table(Path("nowhere") / name, SPECIES)


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "table.parquet"])
def test_a_table_that_does_not_fit_is_refused(name, penguins, tmp_path):
    WRITERS[name](pd.concat([penguins] * 20, ignore_index=True), tmp_path / name)
    with pytest.raises(DataError, match="too large: .*GB are free"):
        read_table(tmp_path / name, SPECIES, memory_bytes=100_000)
    read_table(tmp_path / name, SPECIES, memory_bytes=100_000_000)


def test_a_first_line_of_values_is_told(tmp_path):
    (tmp_path / "t.csv").write_text("5.1,3.5,setosa\n4.9,3.0,setosa\n5.0,3.1,other\n")
    raw = read_table(tmp_path / "t.csv", DataOptions(target=("setosa",)))
    assert "looks like values" in raw.notes[0]
