"""New examples for models of the user's own data: prepared and labelled exactly as in training."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

import packtune
from packtune.data import catalog
from packtune.data.formats import idx
from packtune.data.options import DataOptions
from packtune.data.own.assembling import prepare
from packtune.data.preparation.framing import Framing
from packtune.data.preparation.placing import place
from packtune.data.reading.find import read
from packtune.data.splitting.record import rows_from_csv
from packtune.dispatch.pack_task import PackTask
from packtune.models.configuration import Configuration
from packtune.models.hardware.precision import Precision
from packtune.protocol import Protocol
from packtune.trial import Pack, Proposal
from packtune.worker.pack_run import run_pack

MNIST_DIR = Path(__file__).parents[3].parent / "shared" / "data" / "mnist"
N = 400


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model file, the data that it was trained on, and which rows validated it."""

    file: Path
    source: Path
    raw: object
    dataset: object
    rows: np.ndarray

    @property
    def accuracy(self):
        return packtune.load_model(self.file).validation_accuracy


def train(folder, source, options=None, epochs=4):
    """Read data as a search does, and train one network on them."""
    torch.set_num_threads(1)
    options = options or DataOptions()
    raw = read(source, options, cpus=1)
    prepared = prepare(raw, options)
    configuration = Configuration(hidden_units=24, learning_rate=0.05, momentum=0.5, batch_size=16)
    task = PackTask(
        pack=Pack(number=0, proposals=(Proposal(number=0, configuration=configuration, seed=1),)),
        data=prepared.dataset.name,
        epochs=epochs,
        batch_seed=1,
        protocol=Protocol.SEARCH,
        precision=Precision.FLOAT32,
    )
    file = folder / "model.pt"
    file.write_bytes(run_pack(task, prepared.dataset).model)
    rows = rows_from_csv(prepared.rows)["validation"].rows
    return Trained(file=file, source=source, raw=raw, dataset=prepared.dataset, rows=np.array(rows))


def scans():
    found = load_digits()
    return np.rint(found.images[:N] * (255 / 16)).astype(np.uint8), found.target[:N]


def write_folders(folder, images, labels):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{number:04}.png")
    return folder


def patches():
    """Cut two colour photographs into patches of 12 x 16."""
    photographs = load_sample_images().images
    cut = [photo[y : y + 12, x : x + 16] for photo in photographs for y in range(0, 240, 12) for x in range(0, 160, 16)]
    return cut, np.repeat(["china", "=flower"], len(cut) // 2)


def grey_folder(tmp):
    return write_folders(tmp / "scans", *scans()), DataOptions()


def colour_folder(tmp):
    return write_folders(tmp / "patches", *patches()), DataOptions()


def scaled_folder(tmp):
    cut, labels = patches()
    sizes = [(16 + n % 3, 12) for n in range(len(cut))]
    scaled = [np.asarray(Image.fromarray(c).resize(size)) for c, size in zip(cut, sizes, strict=True)]
    return write_folders(tmp / "patches", scaled, labels), DataOptions(image_size=(10, 9))


def fractions(tmp):
    images, labels = scans()
    np.savez(tmp / "scans.npz", x=(images / 255).astype(np.float32), y=labels)
    return tmp / "scans.npz", DataOptions()


def idx_folder(tmp):
    images, labels = scans()
    (tmp / "idx").mkdir()
    (tmp / "idx" / "emnist-letters-train-images-idx3-ubyte").write_bytes(idx.write(images))
    (tmp / "idx" / "emnist-letters-train-labels-idx1-ubyte").write_bytes(idx.write(labels.astype(np.uint8)))
    return tmp / "idx", DataOptions()


def mixed_table(tmp):
    """Make a table of numbers, dates, words that may look like numbers, and gaps."""
    draw = np.random.default_rng(3)
    kind = draw.integers(3, size=N)
    frame = pd.DataFrame(
        {
            "size": np.where(draw.random(N) < 0.1, np.nan, kind + draw.normal(0, 0.7, N)),
            "code": [f"0{k}" if draw.random() < 0.5 else f"x{draw.integers(5)}" for k in kind],
            "day": pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d"),
            "sure": np.where(draw.random(N) < 0.2, None, draw.random(N) < 0.3 + 0.2 * kind),
            "patient": draw.integers(60, size=N),
            "group": np.array(["01", "ünder\u200f", "-3"])[kind],
        }
    )
    frame.to_csv(tmp / "table.csv", index=False)
    return tmp / "table.csv", DataOptions(target=("group",), group="patient")


def pixel_table(tmp):
    images, labels = scans()
    frame = pd.DataFrame(images.reshape(N, 64), columns=[f"pixel{n}" for n in range(64)])
    frame.assign(label=labels).to_csv(tmp / "pixels.csv", index=False)
    return tmp / "pixels.csv", DataOptions()


def two_heads(tmp):
    draw = np.random.default_rng(4)
    x = draw.normal(size=(N, 3))
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame.assign(note=np.where(x[:, 0] > 0, "up", "down"), row=(x[:, 1] > 0)).to_csv(tmp / "two.csv", index=False)
    return tmp / "two.csv", DataOptions(target=("note", "row"))


KINDS = [
    grey_folder,
    colour_folder,
    scaled_folder,
    fractions,
    idx_folder,
    mixed_table,
    pixel_table,
    two_heads,
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train on each kind of data once."""
    made = {}

    def get(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind.__name__)
            made[kind] = train(folder, *kind(folder))
        return made[kind]

    return get


def take(source, rows, names, target):
    """Write only some examples of a source, in its format."""
    if source.suffix == ".csv":
        pd.read_csv(source, dtype=str, keep_default_na=False).iloc[rows].to_csv(target / "some.csv", index=False)
        return target / "some.csv"
    if source.suffix == ".npz":
        with np.load(source) as arrays:
            np.savez(target / "some.npz", **{key: array[rows] for key, array in arrays.items()})
        return target / "some.npz"
    for file in source.glob("*-ubyte"):
        (target / file.name).write_bytes(idx.write(idx.read(file)[rows]))
    for row in rows if names else ():
        (target / names[row]).parent.mkdir(exist_ok=True)
        (target / names[row]).write_bytes((source / names[row]).read_bytes())
    return target


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_of_validation_are_right_as_often_as_in_training(trained, tmp_path, kind):
    model = trained(kind)
    some = take(model.source, np.sort(model.rows), model.raw.splits["train"].names, tmp_path)
    n = len(model.rows)
    found = packtune.predict(model.file, some, probabilities=True)
    assert len(found.labels) == n and found.unreadable == 0
    assert f"Right: {round(model.accuracy * n)} of {n} ({model.accuracy:.4f})" in found.summary
    assert model.accuracy > 1.2 / packtune.load_model(model.file).classes
    everything = packtune.predict(packtune.load_model(model.file), model.source).labels
    assert len(everything) == len(model.raw.splits["train"])


@pytest.mark.parametrize("kind", KINDS)
def test_examples_get_the_logits_of_the_training_path(trained, kind):
    """Prepared from the source, the inputs have the bytes that the search had."""
    model = trained(kind)
    loaded = packtune.load_model(model.file)
    kept = loaded.label(model.dataset.validation.inputs)
    frame = packtune.predict(model.file, model.source).labels
    if frame.columns[0] == "image":
        frame = frame.set_index("image").loc[list(model.raw.splits["train"].names)].reset_index()
    frame = frame.iloc[model.rows]
    for index, head in enumerate(loaded.heads):
        names = [head.classes[number] for number in kept.labels[:, index]]
        assert [str(value) for value in frame.iloc[:, 1 + index]] == names
    assert np.array_equal(frame["probability"], kept.joint.numpy().round(4))


def test_names_of_classes_are_told_and_stay_harmless(trained):
    model = trained(mixed_table)
    frame = packtune.predict(model.file, model.source, probabilities=True).labels
    classes = list(packtune.load_model(model.file).heads[0].classes)
    assert list(frame.columns) == ["row", "group", "probability", *classes, "note"]
    assert set(frame["group"]) <= set(classes) == {"-3", "01", "ünder\\u200f"}
    assert np.allclose(frame[classes].sum(axis=1), 1, atol=2e-4)
    assert frame["row"].tolist() == list(range(N))
    both = packtune.predict(trained(two_heads).file, trained(two_heads).source, probabilities=True).labels
    assert list(both.columns) == [
        *("row", "note_", "row_", "probability", "note=down", "note=up", "row=false", "row=true", "note")
    ]


def test_tables_need_no_target_and_say_what_differs(trained, tmp_path):
    model = trained(mixed_table)
    frame = pd.read_csv(model.source, dtype=str, keep_default_na=False)
    expected = packtune.predict(model.file, model.source).labels
    frame.drop(columns=["group", "patient"]).assign(more=1)[["more", "sure", "day", "code", "size"]].to_csv(
        tmp_path / "new.tsv", sep="\t", index=False
    )
    found = packtune.predict(model.file, tmp_path / "new.tsv")
    pd.testing.assert_frame_equal(found.labels, expected)
    assert found.summary == "Ignored, as the model does not use it: 'more'."
    frame.rename(columns={"code": "coed"}).to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(packtune.DataError, match="lacks columns that training had: 'code'. Is 'coed' meant"):
        packtune.predict(model.file, tmp_path / "other.csv")
    frame.assign(size="large").to_csv(tmp_path / "words.csv", index=False)
    with pytest.raises(packtune.DataError, match="'size' has 'large' in row 1"):
        packtune.predict(model.file, tmp_path / "words.csv")
    frame.iloc[:0].to_csv(tmp_path / "empty.csv", index=False)
    with pytest.raises(packtune.DataError, match="the table has no rows"):
        packtune.predict(model.file, tmp_path / "empty.csv")


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(trained, tmp_path):
    model = trained(grey_folder)
    folder = take(model.source, model.rows[:3], model.raw.splits["train"].names, tmp_path)
    (folder / "=cmd\n.png").write_bytes(b"no picture")
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(next(model.source.glob("3/*.png")).read_bytes()[:60])
    Image.new("1", (2**14, 2**13)).save(folder / "bomb.png")
    Image.new("RGB", (9, 8), (9, 200, 9)).save(folder / "wide.png")
    Image.new("RGB", (8, 8), (9, 200, 9)).save(folder / "green.gif")
    (folder / "notes.txt").write_text("no picture")
    command = [sys.executable, "-m", "packtune", "predict", str(model.file), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stderr
    header, *rows = csv.reader(io.StringIO(done.stdout))
    assert header == ["image", "label", "probability", "note"]
    notes = {row[0]: row[3] for row in rows}
    assert notes["'=cmd\\n.png"] == "is no picture"
    assert "damaged" in notes["caf\\xe9.png"]
    assert notes["bomb.png"] == "is too large (134,217,728 pixels)"
    assert notes["wide.png"] == "is 8x9, but the model takes 8x8 (height x width)"
    assert all(bool(row[1]) == bool(row[2]) == (row[3] == "") for row in rows)
    assert len(rows) == 8
    for said in ("Left out, as it is no picture: 1 (notes.txt)", "as grey: 1 of 8", "they cannot be used: 4 of 8"):
        assert said in done.stderr


def test_arrays_of_any_layout_get_the_same_labels(trained):
    model = packtune.load_model(trained(colour_folder).file)
    images = trained(colour_folder).dataset.test.inputs
    expected = model.label(images).labels
    last = images.permute(0, 2, 3, 1)
    for given in (images, images.numpy(), last, last.numpy(), last.numpy() / 255, last.numpy().astype(np.int64)):
        assert torch.equal(model.predict(given), expected)
    grey = packtune.load_model(trained(grey_folder).file)
    images = trained(grey_folder).dataset.test.inputs
    expected = grey.label(images).labels
    for given in (images, images[:, 0], images[:, 0].numpy(), images.numpy()[:, 0, :, :, None]):
        assert torch.equal(grey.predict(given), expected)
    for wrong in (images[:, 0, :7], np.zeros((3, 12, 16, 3), np.uint8), np.zeros((3, 9), np.uint8)):
        with pytest.raises(packtune.DataError, match="model takes|make no images"):
            grey.predict(wrong)


def test_frames_and_rows_get_the_same_labels(trained):
    given = trained(two_heads)
    model = packtune.load_model(given.file)
    frame = pd.read_csv(given.source)
    expected = model.predict(frame)
    assert torch.equal(model.predict(frame.drop(columns=["row", "note"])[["c", "a", "b"]]), expected)
    assert torch.equal(expected[given.rows], model.label(given.dataset.validation.inputs).labels)
    assert expected.shape == (N, 2)
    with pytest.raises(packtune.DataError, match="lacks columns that training had: 'a'"):
        model.predict(np.zeros((2, 3)))
    with pytest.raises(packtune.DataError, match="the rows have 2 columns, but the model was trained on 3"):
        model.predict(np.zeros((2, 2)))


def test_what_is_of_another_kind_is_refused(trained, tmp_path):
    with pytest.raises(packtune.DataError, match="was trained on a table, and .* is none: give a table with"):
        packtune.predict(trained(two_heads).file, trained(grey_folder).source)
    with pytest.raises(packtune.DataError, match="need 64 columns of pixels, and the table has 5"):
        packtune.predict(trained(grey_folder).file, trained(two_heads).source)
    with pytest.raises(packtune.DataError, match="there is no .*scnas.* did you mean"):
        packtune.predict(trained(grey_folder).file, trained(grey_folder).source.with_name("scnas"))
    np.savez(tmp_path / "x.npz", a=np.zeros(3), b=np.zeros(3))
    with pytest.raises(packtune.DataError, match="has the arrays a, b, and none with a known name"):
        packtune.predict(trained(grey_folder).file, tmp_path / "x.npz")
    with pytest.raises(packtune.SettingsError, match="like = 'mnits' is not allowed. Did you mean 'mnist'"):
        packtune.predict(trained(grey_folder).file, tmp_path, like="mnits")
    with pytest.raises(packtune.SettingsError, match="was trained on a table, and like = 'mnist' is for images"):
        packtune.predict(trained(two_heads).file, tmp_path, like="mnist")
    (tmp_path / "empty").mkdir()
    with pytest.raises(packtune.DataError, match="no picture lies in"):
        packtune.predict(trained(grey_folder).file, tmp_path / "empty")


def drawing(digit, ink=0, ground=255):
    """Draw a digit as a person does: enlarged, dark on light, off-centre."""
    large = np.asarray(Image.fromarray(digit).resize((120, 120), Image.Resampling.BICUBIC)) / 255
    image = np.full((200, 220), float(ground))
    image[15:135, 70:190] += large * (ink - ground)
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def framed():
    """Give scanned digits that are framed as MNIST's: uint8 [n, 28, 28], and their labels."""
    whole = load_digits()
    light = [np.rint(scan * (255 / 16)).astype(np.uint8) for scan in whole.images]
    large = [np.asarray(Image.fromarray(scan).resize((120, 120), Image.Resampling.BICUBIC)) for scan in light]
    return np.stack([place(image, 28, 28, Framing()) for image in large]), whole.target


def save_drawings(folder, images):
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(images):
        Image.fromarray(drawing(image)).save(folder / f"{number:03}.png")
    return folder


@pytest.fixture(scope="module")
def digits(framed, tmp_path_factory):
    """Train on digits like MNIST's as data of the user's own."""
    folder = tmp_path_factory.mktemp("digits")
    np.savez(folder / "own.npz", images=framed[0][:-60], labels=framed[1][:-60])
    return train(folder, folder / "own.npz", epochs=12)


def test_drawings_of_digits_are_placed_like_mnist(digits, framed, tmp_path):
    images, labels = framed[0][-60:], framed[1][-60:]
    drawn = save_drawings(tmp_path / "drawn", images)
    evident = packtune.predict(digits.file, drawn)
    asked = packtune.predict(digits.file, drawn, like="mnist")
    np.savez(tmp_path / "own.npz", images=images)
    as_they_are = packtune.predict(digits.file, tmp_path / "own.npz").labels["label"]
    assert (as_they_are == labels).mean() > 0.7
    assert (evident.labels["label"] == as_they_are).mean() >= 0.9
    assert "placed like MNIST's images, as they have another size and the model knows digits" in evident.summary
    assert "60 inverted, as dark on light" in evident.summary
    pd.testing.assert_frame_equal(evident.labels, asked.labels)
    refused = packtune.predict(digits.file, drawn, prepare="none")
    assert refused.unreadable == 60 and refused.labels["label"].isna().all()


def test_digits_in_the_form_of_the_training_stay_as_they_are(digits, framed, tmp_path):
    images = framed[0][-60:]
    np.savez(tmp_path / "light.npz", images=images)
    np.savez(tmp_path / "dark.npz", images=255 - images)
    plain = packtune.predict(digits.file, tmp_path / "light.npz")
    dark = packtune.predict(digits.file, tmp_path / "dark.npz")
    assert plain.summary == ""
    unprepared = packtune.predict(digits.file, tmp_path / "light.npz", prepare="none")
    pd.testing.assert_frame_equal(plain.labels, unprepared.labels)
    assert "as they are dark on light and the model knows light digits on dark" in dark.summary
    assert dark.labels["label"].equals(plain.labels["label"])
    model = packtune.load_model(digits.file)
    assert plain.labels["label"].tolist() == model.predict(images)[:, 0].tolist()


def test_digits_of_mnist_from_its_own_files(tmp_path):
    """The files of MNIST are a folder of IDX files like any other; a few thousand of its images teach enough."""
    if not MNIST_DIR.is_dir():
        pytest.skip(f"MNIST's files are not in {MNIST_DIR}")
    whole = catalog.load("mnist", MNIST_DIR)
    images, labels = whole.train.inputs[:4000, 0].numpy(), whole.train.labels[:4000, 0].numpy()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "train-images-idx3-ubyte").write_bytes(idx.write(images))
    (tmp_path / "own" / "train-labels-idx1-ubyte").write_bytes(idx.write(labels.astype(np.uint8)))
    model = train(tmp_path, tmp_path / "own")
    drawn = save_drawings(tmp_path / "drawn", whole.test.inputs[:60, 0].numpy())
    found = packtune.predict(model.file, drawn).labels["label"]
    assert (found == whole.test.labels[:60, 0].numpy()).mean() >= 0.75


def test_other_models_place_digits_only_if_asked(framed, tmp_path):
    """One that knows dark digits on light, smaller and in three channels, gets them so."""
    dark = np.stack([255 - np.asarray(Image.fromarray(image).resize((14, 14))) for image in framed[0]])
    np.savez(tmp_path / "own.npz", x=np.repeat(dark[:-60, :, :, None], 3, axis=3), y=framed[1][:-60])
    model = train(tmp_path, tmp_path / "own.npz", epochs=12)
    drawn = save_drawings(tmp_path / "drawn", framed[0][-60:])
    Image.new("L", (50, 50), 255).save(drawn / "zzz.png")
    assert packtune.predict(model.file, drawn).unreadable == 61
    found = packtune.predict(model.file, drawn, like="mnist")
    assert found.unreadable == 0
    assert (found.labels["label"][:60] == framed[1][-60:]).mean() > 0.7
    blank = found.labels.iloc[60]
    assert blank["note"] == "blank: all pixels are 255" and pd.isna(blank["label"])
