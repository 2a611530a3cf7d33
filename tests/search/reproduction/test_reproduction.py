"""The notebook's systems: their definition, their protocol, the comparison with the published numbers, real slices."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from packtune.data.catalog import DATASETS, load
from packtune.dispatch.pack_task import PackTask
from packtune.errors import RunError, SettingsError
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.protocol import NOTEBOOK_SEED, Protocol
from packtune.reproduction.comparison import compare, compare_numpy
from packtune.reproduction.notebook import NAMES, SYSTEMS
from packtune.reproduction.runs import reproduction_runs
from packtune.reproduction.selection import select
from packtune.reproduction.table import to_frame, to_markdown, to_screen
from packtune.reproduction.writing import read_comparisons
from packtune.run.folder import RunFolder
from packtune.run.records import read_records
from packtune.settings import Resources
from packtune.space.catalog import load_space
from packtune.trial import Accuracy, Outcome, Pack, Proposal, TrialRecord, TrialState
from packtune.worker.notebook_view import notebook_view
from packtune.worker.pack_run import run_pack

PACKTUNE = str(Path(sys.executable).parent / "packtune")
MNIST_DIR = Path(__file__).parents[3].parent / "shared" / "data" / "mnist"
REFERENCE = Path(__file__).parents[3].parent / "shared" / "reference" / "published.csv"
needs_mnist = pytest.mark.skipif(not MNIST_DIR.is_dir(), reason=f"real MNIST is not at {MNIST_DIR}")


def record(values, *, seed=NOTEBOOK_SEED, validation=0.9, test=0.9, heads=1, state=TrialState.COMPLETE):
    def accuracy(value):
        return Accuracy(joint=value - 0.05, heads=(value,) * heads)

    outcome = Outcome(
        state=state, epochs=10, validation=accuracy(validation), test=accuracy(test), seconds=12.0, device="cpu"
    )
    proposal = Proposal(number=0, configuration=Configuration(**values), seed=seed)
    return TrialRecord(proposal=proposal, state=state, outcome=outcome)


def by_configuration(comparisons):
    return {c.configuration: c for c in comparisons}


@pytest.mark.skipif(not REFERENCE.is_file(), reason="the table of published numbers is not here")
def test_every_published_number_is_in_the_catalogue():
    with REFERENCE.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 13
    for row in rows:
        name, _, label = row["system"].partition("/")
        system = SYSTEMS[name]
        published = system.rows[label or "baseline"]
        heads = len(published.validation)
        accuracies = [row[f"{split}_accuracy{suffix}"] for split in ("validation", "test") for suffix in ("", "_2")]
        assert [float(value) for value in accuracies if value] == [*published.validation, *published.test]
        assert len(DATASETS[system.data].description.head_names) == heads
        assert (system.data, system.epochs) == (row["data"], int(row["epochs"]))
        assert published.runtime == row["runtime"]
        configuration = Configuration(**published.values)
        assert configuration.hidden_units == int(row["hidden_units"])
        assert configuration.activation == row["activation"]
        assert configuration.batch_size == int(row["batch_size"])
        assert configuration.learning_rate == float(row["learning_rate"])
        assert configuration.momentum == float(row["momentum"])
        assert configuration.nesterov is (row["nesterov"] == "true")


def test_the_networks_have_the_notebooks_sizes():
    def shapes(name, label="baseline"):
        system = SYSTEMS[name]
        entry = DATASETS[system.data]
        configuration = Configuration(**system.rows[label].values)
        network = build_network(
            configuration,
            input_shape=entry.description.input_shape,
            outputs=entry.description.outputs,
            seed=NOTEBOOK_SEED,
        )
        return [tuple(p.shape) for p in network.parameters() if p.dim() > 1]

    assert shapes("hidden-10") == [(10, 784), (10, 10)]
    assert shapes("hidden-128") == [(128, 784), (10, 128)]
    assert shapes("cnn") == [(32, 1, 3, 3), (64, 32, 3, 3), (128, 64 * 5 * 5), (10, 128)]
    assert shapes("overlap-mlp") == [(64, 1176), (20, 64)]
    assert shapes("overlap-cnn") == [(32, 1, 5, 7), (64, 32, 5, 7), (1000, 4480), (20, 1000)]


def test_the_order_is_that_of_numpys_legacy_shuffle_and_partial_batches_are_dropped():
    digits = load("digits")
    view = notebook_view(digits, order_seed=NOTEBOOK_SEED, batch_size=32)
    np.random.seed(12321)
    order = np.arange(len(digits.train))
    np.random.shuffle(order)
    assert torch.equal(view.train.inputs, digits.train.inputs[torch.from_numpy(order)])
    assert torch.equal(view.train.labels, digits.train.labels[torch.from_numpy(order)])
    assert len(view.validation) == 270 // 32 * 32
    assert torch.equal(view.test.inputs, digits.test.inputs[:256])


def test_the_initial_weights_are_those_of_the_notebooks_seed():
    torch.manual_seed(12321)
    expected = torch.nn.Linear(784, 10).weight
    network = build_network(Configuration(hidden_units=10), input_shape=(1, 28, 28), outputs=10, seed=NOTEBOOK_SEED)
    assert torch.equal(next(network.parameters()), expected)
    assert [Protocol.NOTEBOOK.trial_seed(NOTEBOOK_SEED, trial, r) for trial, r in ((0, 0), (9, 0), (3, 2))] == [
        12321,
        12321,
        12323,
    ]


def test_the_numpy_network_is_reproduced_to_the_printed_digits():
    comparisons = compare_numpy()
    assert len(comparisons) == 5
    assert all(c.reproduced for c in comparisons)


def test_a_row_is_reproduced_only_within_its_tolerance():
    row = SYSTEMS["hidden-10"].rows["baseline"]
    for shift, reproduced in ((0.0, True), (0.0004, True), (-0.0006, False), (0.01, False)):
        trial = record(row.values, validation=row.validation[0] + shift, test=row.test[0])
        (comparison,) = (
            c for c in compare("hidden-10", {"notebook-hidden-10": [trial]}) if c.configuration == "baseline"
        )
        assert comparison.reproduced is reproduced
        assert comparison.difference[0] == pytest.approx(shift)
    assert "NOT reproduced" in to_markdown([comparison])


def test_a_drifting_row_is_judged_by_its_seeds():
    row = SYSTEMS["hidden-10"].rows["momentum"]

    def judge(center):
        validations = [center - 0.01, center, center + 0.01]
        trials = [
            record(row.values, seed=NOTEBOOK_SEED + i, validation=value, test=row.test[0] + 0.001 * i)
            for i, value in enumerate(validations)
        ]
        rows = {"notebook-hidden-10": trials[:1], "notebook-hidden-10-drifting": trials}
        return by_configuration(compare("hidden-10", rows))["momentum"]

    near = judge(row.validation[0] + 0.029)
    assert near.reproduced is True
    assert near.seeds == 3
    assert near.deviation[0] == pytest.approx(0.01)
    assert judge(row.validation[0] + 0.031).reproduced is False


def test_two_heads_make_two_rows_with_both_right_beside_them():
    row = SYSTEMS["overlap-mlp"].rows["baseline"]
    upper, lower = compare("overlap-mlp", {"notebook-overlap-mlp": [record(row.values, heads=2)]})
    assert (upper.output, lower.output) == ("upper", "lower")
    assert upper.both == pytest.approx((0.85, 0.85))
    assert "both digits right: validation 0.850000" in to_markdown([upper, lower])


def test_what_is_not_trained_is_said_to_be_so():
    comparisons = [c for name in NAMES if name != "numpy" for c in compare(name, {})]
    assert len(comparisons) == 10 + 1 + 2 * 2
    assert all(c.reproduced is None and c.measured is None for c in comparisons)
    assert set(to_frame(comparisons)["reproduced"]) == {"not trained"}


def test_failed_and_other_seeds_do_not_pass_for_the_notebooks_trial():
    row = SYSTEMS["hidden-10"].rows["baseline"]
    trials = [
        record(row.values, state=TrialState.FAIL),
        record(row.values, seed=NOTEBOOK_SEED + 1, validation=row.validation[0]),
    ]
    assert by_configuration(compare("hidden-10", {"notebook-hidden-10": trials}))["baseline"].reproduced is None


def test_runs_are_made_once_and_continued_later(tmp_path):
    resources = Resources(workers=2)
    first = reproduction_runs(["hidden-10", "cnn"], tmp_path, resources)
    assert [(run.folder.name, run.settings.plan.trials, run.new) for run in first] == [
        ("reproduce-hidden-10", 5, True),
        ("reproduce-hidden-10-drifting", 10, True),
        ("reproduce-cnn", 3, True),
    ]
    again = reproduction_runs(["hidden-10"], tmp_path, replace(resources, workers=1))
    assert [run.new for run in again] == [False, False]
    assert again[0].settings.resources.workers == 1
    assert read_records(again[0]) == []
    loaded = RunFolder(tmp_path, "reproduce-hidden-10-drifting").load()
    assert loaded.space == load_space("notebook-hidden-10-drifting")


def test_a_precision_is_every_systems_own_unless_one_is_given(tmp_path):
    resources = Resources()
    own = reproduction_runs(["hidden-10", "cnn"], tmp_path / "own", resources)
    assert [run.settings.plan.precision for run in own] == ["float32", "float32", None]
    given = reproduction_runs(["cnn"], tmp_path / "given", resources, "float32")
    assert [run.settings.plan.precision for run in given] == ["float32"]
    assert {c.precision for c in read_comparisons(["cnn"], given)} == {"float32"}


def test_a_run_is_not_continued_in_another_precision(tmp_path):
    resources = Resources()
    reproduction_runs(["cnn"], tmp_path, resources, "float32")
    assert not reproduction_runs(["cnn"], tmp_path, resources)[0].new
    with pytest.raises(RunError, match="'reproduce-cnn' exists and was begun in float32"):
        reproduction_runs(["cnn"], tmp_path, resources, "bfloat16")


@needs_mnist
@pytest.mark.parametrize("name", SYSTEMS)
def test_each_system_learns_on_a_slice_of_mnist(name):
    system = SYSTEMS[name]
    whole = load(system.data, MNIST_DIR)
    slices = replace(
        whole, train=whole.train.first(1_280), validation=whole.validation.first(512), test=whole.test.first(512)
    )
    configuration = Configuration(**system.rows["baseline"].values)
    proposal = Proposal(number=0, configuration=configuration, seed=NOTEBOOK_SEED)
    report = run_pack(
        PackTask(
            pack=Pack(number=0, proposals=(proposal,)),
            data=system.data,
            epochs=2,
            batch_seed=NOTEBOOK_SEED,
            protocol=Protocol.NOTEBOOK,
        ),
        slices,
    )
    (outcome,) = report.outcomes
    assert outcome.state is TrialState.COMPLETE
    assert len(outcome.curve) == 2
    chance = 0.1
    assert min(outcome.test.heads) > 2 * chance
    assert len(outcome.test.heads) == len(whole.heads)


def test_every_name_that_the_table_prints_can_be_asked_for():
    comparisons = [*compare_numpy()[:1], *(c for name in NAMES if name != "numpy" for c in compare(name, {}))]
    for c in comparisons:
        name = f"{c.system}/{c.configuration}" + ("" if c.output in ("digit", "(1, 1)") else f" {c.output}")
        asked = select([name])
        assert asked.systems == (c.system,) == asked.in_part
        shown = [other for other in comparisons if asked.shows(other.system, other.configuration, other.output)]
        assert shown == [c]


def test_a_system_is_asked_for_whole_and_in_the_notebooks_order():
    assert select([]).systems == NAMES
    assert select([]).in_part == ()
    both = select(["cnn", "hidden-10/baseline", "hidden-10"])
    assert (both.systems, both.in_part) == (("hidden-10", "cnn"), ())
    assert both.shows("hidden-10", "momentum", "digit")
    assert select(["overlap-mlp upper"]).shows("overlap-mlp", "baseline", "upper")


@pytest.mark.parametrize("name", ["hidden-10/basline", "hidden-10/", "cnn/momentum", "overlap-mlp middle", "/baseline"])
def test_a_row_that_there_is_not_is_refused(name):
    with pytest.raises(SettingsError, match="unknown system"):
        select([name])


def test_a_narrow_terminal_leaves_columns_of_the_table_out():
    row = SYSTEMS["hidden-10"].rows["baseline"]
    comparisons = compare("hidden-10", {"notebook-hidden-10": [record(row.values)]}, "float32")
    text = to_screen(comparisons, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "runtime notebook, runtime ours, device, precision" in " ".join(
        text.partition("No room here for")[2].split()
    )
    assert text.split().index("reproduced") < text.split().index("hidden-10")
    assert "No room" not in to_screen(comparisons)


def test_an_unknown_system_is_refused_with_the_nearest_name(tmp_path):
    done = subprocess.run([PACKTUNE, "reproduce", "--only", "hiden-10"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Did you mean 'hidden-10'?" in done.stderr
    assert not list(tmp_path.iterdir())


@needs_mnist
@pytest.mark.slow
def test_the_command_reproduces_the_fully_connected_rows_and_is_not_done_twice(tmp_path):
    command = [PACKTUNE, "reproduce", "--only", "numpy", "hidden-10", "--data-dir", str(MNIST_DIR)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "results/runs/reproduction.csv"
    table = pd.read_csv(file)
    assert len(table) == 10
    assert list(table["reproduced"]) == ["yes"] * 10
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert again.returncode == 0
    assert "starting Ray" not in again.stderr
    assert again.stdout == done.stdout
    row = subprocess.run(
        [PACKTUNE, "reproduce", "--only", "hidden-10/baseline", "--data-dir", str(MNIST_DIR)],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert "hidden-10 is trained whole" in row.stderr
    assert [line.split()[:2] for line in row.stdout.splitlines() if line.startswith("hidden-10 ")] == [
        ["hidden-10", "baseline"]
    ]
    one = subprocess.run([PACKTUNE, "reproduce", "numpy"], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert len(one.stdout.splitlines()) < len(done.stdout.splitlines())
    pd.testing.assert_frame_equal(pd.read_csv(file).drop(columns="seconds"), table.drop(columns="seconds"))
