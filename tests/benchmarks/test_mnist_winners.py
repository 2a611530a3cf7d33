"""The searches for winners on MNIST: the spaces hold what they promise, and the table follows from its CSV."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "benchmarks" / "winner"))

from mnist import SEARCHES, SPACES, to_markdown
from processor_time import ProcessorTime

from packtune.models.architectures.build import count_parameters
from packtune.space.catalog import load_space
from packtune.space.domains import FloatRange

BY_NAME = {search.name: search for search in SEARCHES}
MNIST_SHAPE = (1, 28, 28)
COMMITTED = ROOT / "results" / "winner"


def space_of(search):
    return load_space(str(ROOT / SPACES / f"{search.name}.toml"))


def corners(space):
    """Give the configurations with each choice, each end of a range of whole numbers, and the low end of the others."""
    names = [each.name for each in space.dimensions]
    ends = [each.domain.bounds()[: 1 if isinstance(each.domain, FloatRange) else None] for each in space.dimensions]
    for values in itertools.product(*ends):
        yield space.configuration_of(dict(zip(names, values, strict=True)))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_space_is_searched_and_is_not_one_point(name):
    dimensions = space_of(BY_NAME[name]).dimensions
    ranges = [each for each in dimensions if isinstance(each.domain, FloatRange)]
    own = set() if any(each.name == "optimizer" for each in dimensions) else {"momentum"}
    assert {each.name for each in ranges} >= {"learning_rate", "weight_decay", "dropout"} | own
    assert all(each.domain.low < each.domain.high for each in ranges)


def test_no_network_is_larger_than_promised():
    for configuration in corners(space_of(BY_NAME["mlp"])):
        assert (configuration.architecture, configuration.depth) == ("mlp", 1)
        assert configuration.hidden_units <= 128
    for configuration in corners(space_of(BY_NAME["cnn"])):
        parameters = count_parameters(configuration, input_shape=MNIST_SHAPE, outputs=10)
        assert configuration.architecture == "cnn"
        assert parameters < 100_000
    assert {each.architecture for each in corners(space_of(BY_NAME["overlap-mlp"]))} == {"mlp"}
    assert "mlp" not in {each.architecture for each in corners(space_of(BY_NAME["overlap-cnn"]))}


def test_the_committed_table_follows_from_its_csv():
    table = pd.read_csv(COMMITTED / "mnist.csv")
    assert to_markdown(table) == (COMMITTED / "mnist.md").read_text(encoding="utf-8")
    for row in table.to_dict("records"):
        search = next(search for search in SEARCHES if search.number == row["row"])
        assert row["command"] == search.command("DIR")
        assert row["trainings"] == 8
        assert (COMMITTED / "mnist" / f"{search.name}.md").exists()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processor time is read from /proc")
def test_processor_time_counts_processes_that_are_in_a_session_of_their_own():
    burn = "import sys, time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True)\nsys.stdin.read()"
    start = f"child = subprocess.Popen([sys.executable, '-c', {burn!r}], start_new_session=True)"
    program = f"import subprocess, sys\n{start}\n{burn}\nchild.wait()"
    processor_time = ProcessorTime()
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, env=processor_time.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert [process.stdout.readline().strip() for _ in range(2)] == ["done", "done"]
        processor_time.read()
    assert processor_time.seconds >= 0.9
