"""A winner on real digits: in every format, retrained and as an ensemble, loaded in a fresh process."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import packtune
from packtune.confirmation.estimate import wilson_interval
from packtune.data.dataset import Split
from packtune.data.sets import digits
from packtune.interface.exports.choice import Choice
from packtune.interface.exports.training import make_model
from packtune.report.live.progress import SilentView
from packtune.seeds import fresh_seeds

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def dataset():
    return digits.load()


@pytest.fixture(scope="module")
def result(searched, tmp_path_factory):
    return searched("digits", tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def folder(result, dataset, tmp_path_factory):
    """Give a folder with the test images, and the winner in each format with its card."""
    folder = tmp_path_factory.mktemp("exported")
    np.save(folder / "images.npy", dataset.test.inputs.numpy())
    for ending in (".pt", ".safetensors", ".onnx", ".pt2"):
        assert result.winner.export(folder / f"digits{ending}") == folder / f"digits{ending}"
    return folder


@pytest.fixture(scope="module")
def ensemble(result, tmp_path_factory):
    return result.winner.export(tmp_path_factory.mktemp("ensemble") / "both.safetensors", ensemble=True)


@pytest.fixture(scope="module")
def retrained(result, tmp_path_factory):
    return result.winner.export(tmp_path_factory.mktemp("retrained") / "more.pt", retrain=True)


def right_share(model, split):
    return (model.predict(split.inputs) == split.labels).all(1).double().mean().item()


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_model_file_labels_as_the_winner_does_in_a_fresh_process(result, folder, dataset, in_fresh_process, ending):
    code = f"""
import json, numpy, packtune
model = packtune.load_model("digits{ending}")
print(json.dumps(model.predict(numpy.load("images.npy")).flatten().tolist()))
"""
    assert in_fresh_process(code, folder) == result.winner.predict(dataset.test.inputs)[:, 0].tolist()


def test_both_kinds_of_model_files_hold_the_same(folder):
    first, second = (packtune.load_model(folder / f"digits{ending}") for ending in (".pt", ".safetensors"))
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, second.network.state_dict()[name])
    assert (first.heads, first.scaling, first.configuration) == (second.heads, second.scaling, second.configuration)
    assert (first.trial, first.seed, first.epochs) == (second.trial, second.seed, second.epochs)
    assert first.validation_accuracy == second.validation_accuracy


def test_the_page_of_the_documentation_runs_the_graph_without_packtune(result, folder, dataset, in_fresh_process):
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    (shown,) = [block for block in BLOCK.findall(page) if "images.npy" in block]
    code = f"""{shown}
import json, sys
assert not {{"torch", "packtune"}} & set(sys.modules)
print(json.dumps([label.tolist(), logits.tolist(), probabilities.sum(1).tolist(), session.run(None, dict(images=images[:1]))[0].tolist()]))
"""  # noqa: E501
    labels, logits, sums, first = in_fresh_process(code, folder)
    expected = result.winner.trained.logits(dataset.test.inputs)[:, 0]
    assert list(map(int, labels)) == expected.argmax(1).tolist()
    assert torch.allclose(torch.tensor(logits), expected, atol=1e-5)
    assert sums == pytest.approx([1] * 270, abs=1e-5)
    assert first == labels[:1]


def test_a_program_of_pytorch_needs_no_packtune_either(result, folder, dataset, in_fresh_process):
    code = """
import warnings
warnings.filterwarnings("ignore", message="`isinstance.treespec, LeafSpec.` is deprecated", category=FutureWarning)
import json, sys, numpy, torch
program = torch.export.load("digits.pt2").module()
images = torch.from_numpy(numpy.load("images.npy"))
assert "packtune" not in sys.modules
print(json.dumps([program(images)[0].tolist(), program(images[:1])[0].tolist()]))
"""
    labels, first = in_fresh_process(code, folder)
    assert labels == result.winner.predict(dataset.test.inputs)[:, 0].tolist()
    assert first == labels[:1]


@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_a_file_for_other_programs_has_no_path_of_this_machine_and_is_not_read(folder, ending):
    content = (folder / f"digits{ending}").read_bytes()
    assert str(ROOT).encode() not in content
    assert str(Path(torch.__file__).parent).encode() not in content
    with pytest.raises(packtune.ModelFileError, match="is for other programs, .*export the model as .pt or .safetens"):
        packtune.load_model(folder / f"digits{ending}")


def test_an_ensemble_answers_by_the_mean_of_the_probabilities_of_networks_from_the_seeds_of_the_report(
    result, ensemble, dataset
):
    model = packtune.load_model(ensemble)
    assert model.members == tuple(fresh_seeds(3, 1_000_000 + number).weights for number in range(2))
    inputs = dataset.test.inputs.float() / 256
    with torch.inference_mode():
        each = [network(inputs).double().softmax(1) for network in model.network.networks]
    together = model.label(dataset.test.inputs)
    assert torch.allclose(together.probabilities[:, 0], (each[0] + each[1]) / 2, atol=1e-6)
    assert not torch.allclose(each[0], each[1], atol=1e-3)
    accuracy = right_share(model, dataset.test)
    low, high = wilson_interval(accuracy, 270)
    card = ensemble.with_name("both.safetensors.md").read_text()
    assert f"test accuracy {accuracy:.4f} (95% interval {low:.4f} to {high:.4f})" in card.lower()
    assert "of this ensemble of 2 networks on 270 test images, measured once" in card
    assert all(str(seed) in card for seed in model.members)


def test_a_member_of_the_ensemble_is_a_training_of_the_report(result, ensemble, dataset):
    networks = packtune.load_model(ensemble).network.networks
    with torch.inference_mode():
        right = [(net(dataset.test.inputs.float() / 256).argmax(1) == dataset.test.labels[:, 0]) for net in networks]
    mean = torch.stack(right).double().mean().item()
    assert mean == pytest.approx(result.ending.verdict.test.mean)


def test_a_retrained_network_has_no_validation_accuracy_and_its_test_accuracy_is_told(retrained, dataset):
    model, card = packtune.load_model(retrained), retrained.with_name("more.pt.md").read_text()
    assert model.validation_accuracy is None
    assert model.merit == 0
    assert model.seed == fresh_seeds(3, 2_000_000).weights
    assert f"test accuracy {right_share(model, dataset.test):.4f}" in card.lower()
    assert "of this single network on 270 test images, measured once" in card
    assert "It has learned from the validation examples too, so there is no validation score." in card


def test_retraining_gives_the_same_network_and_learns_from_the_validation_examples(result, retrained, dataset):
    blank = Split(inputs=torch.zeros_like(dataset.validation.inputs), labels=dataset.validation.labels)
    changed = dataset.with_splits({**dataset.splits, "validation": blank})
    made = [
        make_model(result.run, result.ending.winner, data, Choice(retrain=True), SilentView())
        for data in (dataset, changed)
    ]
    same, other = (model.network.state_dict()["1.weight"] for model in made)
    kept = packtune.load_model(retrained).network.state_dict()["1.weight"]
    assert torch.equal(same, kept)
    assert not torch.equal(other, kept)


def test_a_card_says_what_there_is_to_know(result, folder):
    card = (folder / "digits.onnx.md").read_text()
    verdict = result.ending.verdict
    assert "| data set | digits (built in) |" in card
    assert ("| for training | 1,257 |" in card) and ("| for the test | 270 |" in card)
    assert "classes of digit | 10: 0, 1, 2" in card
    assert f"expected accuracy {verdict.test.mean:.4f} (95% interval" in card
    assert f"Test accuracy {verdict.best_test.mean:.4f} (95% interval" in card
    assert "all labels are those of the network in PyTorch" in card
    assert re.search(r"\| onnxruntime \| [\d.]+ \|", card) and re.search(r"\| packtune \| [\d.]+ \|", card)
    assert "packtune best two --results" in card
    assert "Drawings of another size, dark on light or off the centre are not prepared" in card
    assert not re.search(r"\d\.\d{7}", card)


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_the_code_of_a_card_runs(folder, in_fresh_process, ending):
    (code,) = BLOCK.findall((folder / f"digits{ending}.md").read_text())
    shown = f"import json, numpy\nimages = numpy.load('images.npy')\n{code}\nprint(json.dumps(list(labels.shape)))"
    assert in_fresh_process(shown, folder) == [270, 1]


def test_a_model_goes_through_a_pipe_without_a_card(result, tmp_path):
    import os
    import threading

    pipe = tmp_path / "pipe.safetensors"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    result.winner.export(pipe)
    reader.join()
    assert len(found[0]) > 1000
    assert [path.name for path in tmp_path.iterdir()] == ["pipe.safetensors"]
