"""Labels of drawings and photographs by networks that are trained here, for real, on digits and on MNIST."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

import packtune
from packtune.data import catalog
from packtune.dispatch.pack_task import PackTask
from packtune.models.configuration import Configuration
from packtune.models.hardware.precision import Precision
from packtune.protocol import Protocol
from packtune.trial import Pack, Proposal
from packtune.worker.pack_run import run_pack

MNIST_DIR = Path(__file__).parents[3].parent / "shared" / "data" / "mnist"
N_DRAWN = 60


@pytest.fixture(scope="module", params=["digits", "mnist"])
def trained(request, tmp_path_factory):
    """Give a model file, and test images with their labels."""
    name = request.param
    if name == "mnist" and not MNIST_DIR.is_dir():
        pytest.skip(f"MNIST's files are not in {MNIST_DIR}")
    torch.set_num_threads(1)
    dataset = catalog.load(name, MNIST_DIR)
    shorter = replace(dataset, train=dataset.train.first(10_000), test=dataset.test.first(270))
    configuration = Configuration(hidden_units=128, learning_rate=0.1, momentum=0.9)
    task = PackTask(
        pack=Pack(number=0, proposals=(Proposal(number=0, configuration=configuration, seed=1),)),
        data=name,
        epochs=20 if name == "digits" else 4,
        batch_seed=1,
        protocol=Protocol.SEARCH,
        precision=Precision.FLOAT32,
    )
    file = tmp_path_factory.mktemp(name) / "model.pt"
    file.write_bytes(run_pack(task, shorter).model)
    return file, shorter.test.inputs[:, 0].numpy(), shorter.test.labels[:, 0].numpy()


def right(frame, labels):
    return (frame["digit"] == labels).mean()


def drawing(digit, *, ink=0, ground=255, noise=0, side=200, at=(15, 40)):
    """Draw a digit as a person does: enlarged, off-centre, in any levels."""
    large = np.asarray(Image.fromarray(digit).resize((120, 120), Image.Resampling.BICUBIC)) / 255
    image = np.full((side, side), float(ground))
    image[at[0] : at[0] + 120, at[1] : at[1] + 120] += large * (ink - ground)
    return np.clip(image + np.random.default_rng(0).normal(0, noise, image.shape), 0, 255).astype(np.uint8)


def opaque_ink(digit, level):
    """Give ink of one level over transparency."""
    shown = drawing(digit, ink=255, ground=0)
    return np.stack([np.full_like(shown, level)] * 3 + [shown], axis=2)


def save_all(folder, images, suffix=".png", **options):
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:03}{suffix}", **options)
    return folder


KINDS = {
    "dark on white, off-centre": lambda digit: drawing(digit),
    "light on black": lambda digit: drawing(digit, ink=255, ground=0),
    "grey on grey paper": lambda digit: drawing(digit, ink=60, ground=180, noise=3),
    "a dim photograph": lambda digit: drawing(digit, ink=90, ground=140, noise=1),
    "black ink over transparency": lambda digit: opaque_ink(digit, 0),
    "white ink over transparency": lambda digit: opaque_ink(digit, 255),
    "16 bits": lambda digit: drawing(digit).astype(np.uint16) * 257,
    "small": lambda digit: np.asarray(Image.fromarray(255 - digit).resize((40, 40), Image.Resampling.BICUBIC)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_drawings_get_labels_as_good_as_the_images_of_the_data_set(trained, tmp_path, kind):
    file, images, labels = trained
    own = right(predict(file, images[:N_DRAWN], tmp_path / "own.npz").labels, labels[:N_DRAWN])
    drawn = save_all(tmp_path / "drawn", map(KINDS[kind], images[:N_DRAWN]))
    found = packtune.predict_images(file, drawn)
    assert own >= 0.9
    assert right(found.labels, labels[:N_DRAWN]) >= own - 0.1
    assert "60 cut out, scaled and centred in 28 x 28" in found.summary


@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".jpg", {"quality": 60}), (".webp", {}), (".bmp", {}), (".tif", {"compression": "tiff_lzw"}), (".gif", {})],
)
def test_each_format_gives_the_labels_of_png(trained, tmp_path, suffix, options):
    file, images, _ = trained
    drawn = [drawing(digit) for digit in images[:20]]
    expected = packtune.predict_images(file, save_all(tmp_path / "png", drawn)).labels["digit"]
    other = packtune.predict_images(file, save_all(tmp_path / "other", drawn, suffix, **options)).labels["digit"]
    assert (expected == other).mean() >= 0.95


def test_a_photograph_that_lies_on_its_side_is_turned(trained, tmp_path):
    file, images, _ = trained
    exif = Image.Exif()
    exif[0x0112] = 6
    drawn = [drawing(digit) for digit in images[:10]]
    upright = packtune.predict_images(file, save_all(tmp_path / "png", drawn)).labels["digit"]
    lying = save_all(tmp_path / "jpg", [np.rot90(image).copy() for image in drawn], ".jpg", quality=95, exif=exif)
    assert (packtune.predict_images(file, lying).labels["digit"] == upright).mean() >= 0.9


def test_printed_digits_are_mostly_known(trained, tmp_path):
    """Networks that have only seen handwriting take some letters of a font for others."""
    file, *_ = trained
    drawn = []
    for digit in range(10):
        image = Image.new("L", (200, 200), 255)
        ImageDraw.Draw(image).text((10 + 9 * digit, 20), str(digit), fill=0, font=ImageFont.load_default(120))
        drawn.append(np.asarray(image))
    found = packtune.predict_images(file, save_all(tmp_path / "drawn", drawn)).labels
    assert (found["digit"] == np.arange(10)).sum() >= 6
    assert found["digit"].nunique() > 5


def predict(file, images, path, **options):
    np.savez(path, images=images)
    return packtune.predict_images(file, path, **options)


def test_images_that_fit_get_the_labels_of_an_unprepared_prediction(trained, tmp_path):
    file, images, _ = trained
    prepared = predict(file, images, tmp_path / "x.npz")
    plain = predict(file, images, tmp_path / "x.npz", prepare="none")
    assert prepared.labels.equals(plain.labels)
    assert prepared.summary == plain.summary == ""
    assert prepared.labels["probability"].between(0.1, 1).all()
    logits = packtune.load_model(file).network(torch.tensor(images).unsqueeze(1) / 256)
    assert prepared.labels["digit"].tolist() == logits.argmax(1).tolist()
    assert np.allclose(prepared.labels["probability"], logits.double().softmax(1).amax(1).detach(), atol=1e-4)


def test_a_batch_of_which_a_third_is_inverted_gets_the_same_labels(trained, tmp_path):
    file, images, _ = trained
    mixed = images.copy()
    mixed[::3] = 255 - mixed[::3]
    assert predict(file, mixed, tmp_path / "x.npz").labels.equals(predict(file, images, tmp_path / "y.npz").labels)
    model = packtune.load_model(file)
    assert torch.equal(model.predict(mixed), model.predict(torch.tensor(images)))


def test_what_is_blank_gets_no_label_and_what_is_left_out_is_named(trained, tmp_path):
    file, images, _ = trained
    folder = save_all(tmp_path / "scans", [drawing(images[0]), np.full((90, 90), 255, np.uint8)])
    (folder / "._000.png").write_bytes(b"of macOS")
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes(io.BytesIO(jpeg(drawing(images[1]))).getvalue())
    (folder / "notes.txt").write_text("not a picture")
    command = [sys.executable, "-m", "packtune", "predict", str(file), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    header, first, blank, named = csv.reader(io.StringIO(done.stdout))
    assert header == ["image", "digit", "probability", "note"]
    assert first[0] == "000.png"
    assert first[1].isdigit()
    assert blank == ["001.png", "", "", "blank: all pixels are 255"]
    assert named[0] == "caf\\xe9.jpg"
    assert "2 inverted, as dark on light" in done.stderr
    assert "1 blank, without a label" in done.stderr
    assert "Left out, as it is no picture: 1 (notes.txt)." in done.stderr
    assert done.stderr.count("\n") == 1


def jpeg(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG")
    return stream.getvalue()


def test_without_preparation_the_size_must_be_right_and_doubts_are_told(trained, tmp_path):
    file, images, _ = trained
    with pytest.raises(packtune.SettingsError, match="the images are 200 x 200, but the model was trained on 28 x 28"):
        predict(file, np.stack([drawing(images[0])]), tmp_path / "x.npz", prepare="none")
    found = predict(file, 255 - images[:3], tmp_path / "x.npz", prepare="none")
    assert found.labels["note"].tolist() == ["dark on light"] * 3
    assert found.summary.startswith("Not prepared: 3 of 3 images are blank, dim or dark on light")
    with pytest.raises(packtune.SettingsError, match="unknown preparation 'atuo'. Did you mean 'auto'"):
        predict(file, images, tmp_path / "x.npz", prepare="atuo")
