"""`packtune best --export` as a person types it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import packtune
from packtune.cli.commands import app
from packtune.data.sets import digits

pytestmark = pytest.mark.slow

HOSTILE = "a *b*\n# <i>c|`d`.safetensors"


@pytest.fixture(scope="module")
def folder(searched, tmp_path_factory):
    """Give a folder with a run, and with images to be labelled."""
    folder = tmp_path_factory.mktemp("command")
    searched("digits", folder / "results")
    np.savez(folder / "new.npz", images=digits.load().test.inputs[:20, 0].numpy())
    return folder


def run(folder, *arguments):
    command = [sys.executable, "-m", "packtune", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_an_ensemble_is_exported_with_its_accuracy_shown_and_predicts(folder):
    done = run(folder, "best", "two", "--export", "both.safetensors", "--ensemble")
    assert done.returncode == 0, done.stderr
    assert "Training network 1 of 2: epoch 1 of 2 ..." in done.stderr
    assert (
        "Exported is an ensemble of 2 networks, the mean of whose probabilities counts; each was trained" in done.stdout
    )
    assert "on 270 test images, measured once." in done.stdout
    assert "predict both.safetensors PATH`. Its model card is both.safetensors.md." in done.stdout
    labelled = run(folder, "predict", "both.safetensors", "new.npz")
    assert len(labelled.stdout.splitlines()) == 21, labelled.stderr


def test_retraining_and_an_ensemble_go_together(folder):
    done = run(folder, "best", "two", "--export", "both-more.pt", "--ensemble", "--retrain")
    assert done.returncode == 0, done.stderr
    assert "each was trained on training and validation examples from fresh seeds" in done.stdout
    model = packtune.load_model(folder / "both-more.pt")
    assert len(model.members) == 2
    assert model.validation_accuracy is None


def test_a_hostile_name_is_text_in_the_card(folder):
    done = run(folder, "best", "two", "--export", HOSTILE)
    assert done.returncode == 0, done.stderr
    card = (folder / f"{HOSTILE}.md").read_text()
    assert card.startswith("# a \\*b\\* \\# &lt;i&gt;c\\|\\`d\\`.safetensors\n")
    assert 'model = packtune.load_model("a *b*\\\\n# <i>c|`d`.safetensors")' in card


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--retrain"], "--retrain says which network is exported: add --export FILE, or leave it out"),
        (["--ensemble"], "--ensemble says which network is exported: add --export FILE"),
        (["--export", "x.h5"], "no model file ends in .h5. Allowed: .pt, .pth, .safetensors, .onnx, .pt2."),
        (["--export", "results"], "cannot export to results, which is a folder: give the name of a file"),
        (["--export", "no/x.pt"], "cannot write no/x.pt: No such file or directory: make its folder first"),
    ],
)
def test_mistakes_are_told(folder, monkeypatch, arguments, said):
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, ["best", "two", *arguments])
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize(("package", "file"), [("safetensors", "x.safetensors"), ("onnxruntime", "x.onnx")])
def test_a_missing_package_is_told_before_anything_is_trained(folder, monkeypatch, package, file):
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    done = CliRunner().invoke(app, ["best", "two", "--export", file, "--retrain"])
    assert done.exit_code == 2
    assert f"this file needs the package {package}, which is missing: install it with pip install" in done.stderr
    assert "Training" not in done.stderr
    assert not (folder / file).exists()


@pytest.mark.parametrize("name", ["x.onnx", "x.pt2"])
def test_predict_says_that_a_file_is_for_other_programs(folder, monkeypatch, name):
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, ["predict", name, "new.npz"])
    assert done.exit_code == 2
    assert f"{name} is for other programs, and not read by packtune" in " ".join(done.stderr.split())
