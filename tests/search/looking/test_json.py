"""JSON for programs: numbers in full, null for what is not known, never NaN."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import pytest

from packtune.confirmation.difference.record import Difference
from packtune.data.catalog import DATASETS
from packtune.models.configuration import HYPERPARAMETERS
from packtune.report.looking.catalogs import DatasetFacts, SpaceFacts
from packtune.report.looking.compared import Comparison
from packtune.report.looking.details import RunDetails, TrialDetails, WinnerFacts
from packtune.report.looking.plain import plain, to_json
from packtune.report.looking.records import Best, RunList, RunSummary
from packtune.report.looking.tables import BestFacts, LeaderboardFacts
from packtune.run.ending import read_ending
from packtune.run.find import find_run
from packtune.space.catalog import SPACES


class Word(StrEnum):
    ONE = "one"


@dataclass(frozen=True)
class Record:
    number: float
    parts: tuple[object, ...]


def no_constant(name):
    raise AssertionError(f"{name} is no JSON")


def read(text):
    return json.loads(text, parse_constant=no_constant)


def test_records_have_json_types_only():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    record = Record(number=math.nan, parts=(Word.ONE, Path("a/b"), moment, {"x": math.inf}, None, True, 0.1 + 0.2))
    expected = ["one", "a/b", "2026-01-02T03:04:05+00:00", {"x": None}, None, True, 0.30000000000000004]
    assert read(to_json(record)) == {"number": None, "parts": expected}
    assert type(plain(Word.ONE)) is str
    assert plain(Path("caf\udce9")) == "caf\\xe9"
    with pytest.raises(TypeError, match="no type for object"):
        plain(object())


def test_a_leaderboard_has_the_columns_and_numbers_of_its_file(trained, packtune):
    code, out, err = packtune("leaderboard", "first", "--results", trained, "--json")
    assert (code, err) == (0, "")
    found = read(out)
    with (trained / "runs/first/leaderboard.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert found["runs"] == ["first"]
    assert list(found["rows"][0]) == list(table[0])
    scores = [float(row["validation_accuracy"]) for row in table]
    assert [row["validation_accuracy"] for row in found["rows"]] == scores
    assert [row["test_low"] for row in found["rows"]][1:] == [None] * (len(table) - 1)
    both = read(packtune("leaderboard", "first", "second", "--results", trained, "--json")[1])
    assert {row["run"] for row in both["rows"]} == {"first", "second"}
    assert read(packtune("leaderboard", "new", "--results", trained, "--json")[1])["rows"] == []


def test_the_winner_is_told_in_full(trained, packtune):
    winner = read_ending(find_run("first", trained)).winner
    found = read(packtune("best", "first", "--results", trained, "--json")[1])
    assert (found["winner"]["trial"], found["winner"]["low"]) == (winner.row.trial, winner.interval[0])
    assert found["commands"]["show"].endswith(f" {winner.row.trial}")
    loss = read(packtune("best", "by-loss", "--results", trained, "--json")[1])
    assert (loss["winner"]["metric"], loss["winner"]["expected"]) == ("log-loss", None)
    assert loss["winner"]["is_confirmed"] is False
    code, _, err = packtune("best", "first", "--results", trained, "--json", "--export", trained / "x.pt")
    assert code == 2 and "one of them at a time" in " ".join(err.split())
    assert packtune("best", "new", "--results", trained, "--json")[0] == 2


def test_catalogues_are_lists(packtune):
    spaces = read(packtune("spaces", "--json")[1])
    assert {space["name"] for space in spaces} >= set(SPACES)
    wide = next(space for space in spaces if space["name"] == "wide")
    assert wide["configurations"] is None
    rate = next(each for each in wide["dimensions"] if each["name"] == "learning_rate")
    assert rate["domain"] == {"low": 0.001, "high": 0.03, "log": True}
    hyperparameters = read(packtune("spaces", "--hyperparameters", "--json")[1])
    assert [each["name"] for each in hyperparameters] == list(HYPERPARAMETERS)
    assert [each["name"] for each in read(packtune("datasets", "--json")[1])] == list(DATASETS)


def test_data_of_ones_own_are_told(tmp_path, packtune):
    rows = "".join(f"{n % 7},{n % 3},{'ab'[n % 2]}\n" for n in range(60))
    (tmp_path / "table.csv").write_text(f"x,y,kind\n{rows}")
    code, out, err = packtune("datasets", tmp_path / "table.csv", "--target", "kind", "--json")
    assert code == 0, err
    found = read(out)
    assert found["headers"][:2] == ["head", "class"]
    assert [row[1] for row in found["rows"]] == ["a", "b"]


RECORDS = {
    "`packtune runs --json`": RunList,
    "a run": RunSummary,
    "`best` of a run": Best,
    "`packtune show RUN --json`": RunDetails,
    "`packtune show RUN 25 --json`": TrialDetails,
    "`packtune compare RUN RUN --json`": Comparison,
    "`difference`": Difference,
    "`packtune leaderboard RUN --json`": LeaderboardFacts,
    "`packtune best RUN --json`": BestFacts,
    "a winner": WinnerFacts,
    "`packtune spaces --json`": SpaceFacts,
    "`packtune datasets --json`": DatasetFacts,
}
OTHER_WORDS = {"folder", "reason", "leaderboard.csv", "mean", "low", "high", "--hyperparameters", "rows", "trials"}
"""Of records inside these, of files, and of options."""


def fields_of(record):
    return {field.name for field in dataclasses.fields(record)}


def test_the_form_of_each_command_is_documented_as_it_is():
    page = (Path(__file__).parents[3] / "docs/runs.md").read_text()
    rows = dict(re.findall(r"^\| (.+?) \| (.+) \|$", page.partition("## JSON")[2], re.MULTILINE))
    for what, record in RECORDS.items():
        words = set(re.findall(r"`([^`]+)`", rows[what]))
        assert words - OTHER_WORDS <= fields_of(record), what
    assert fields_of(RunSummary) <= set(re.findall(r"`([^`]+)`", rows["a run"]))


@pytest.mark.parametrize("command", [("show", "first"), ("best", "first")])
def test_people_read_no_long_numbers(trained, packtune, command):
    shown = packtune(*command, "--results", trained)[1]
    assert not re.search(r"\d\.\d{7}", shown), shown
    for trial in range(8):
        assert not re.search(r"\d\.\d{7}", packtune("show", "first", trial, "--results", trained)[1])
