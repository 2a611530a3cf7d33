"""The report in short: Markdown in which no name is markup, and two pictures."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from packtune.report.summary.markdown import to_markdown
from packtune.report.summary.pictures import leaders_picture, progress_picture


@pytest.mark.parametrize("options", [{}, {"decided": False}, {"finalists": 0}, {"trials": 0}, {"table": True}])
def test_no_name_is_markup(make_facts, options):
    text = to_markdown(make_facts(**{"trials": 40, **options}))
    without_code = re.sub(r"(`+) ?.*? ?\1", "", text).replace("<br>", "")
    assert "<" not in without_code
    assert "\u202e" not in text
    assert text.endswith("\n")


def test_the_leaders_stand_in_a_table_with_their_intervals(make_facts):
    facts = make_facts(trials=40)
    text = to_markdown(facts)
    rows = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == 10
    first = facts.leaderboard[0]
    assert f"| 1 | {first.trial} | winner | {first.score.mean:.4f} | {first.score.low:.4f} to" in rows[0]
    assert f"{len(facts.leaderboard) - 10} more in leaderboard.csv" in text
    assert not re.search(r"\d\.\d{6}", text)


def test_before_the_winner_is_decided_there_is_no_column_of_test_scores(make_facts):
    assert "| test " in to_markdown(make_facts(trials=40))
    assert "| test " not in to_markdown(make_facts(trials=40, decided=False))


def test_commands_stand_as_they_are_pasted(make_facts):
    facts = make_facts(trials=8)
    text = to_markdown(facts)
    assert all(command.line in text for command in facts.place.commands)


@pytest.mark.parametrize("options", [{}, {"decided": False}, {"finalists": 0}, {"trials": 3}, {"trials": 2000}])
def test_pictures_are_small_files_of_their_own(make_facts, options):
    facts = make_facts(**{"trials": 40, **options})
    for picture in filter(None, (progress_picture(facts), leaders_picture(facts))):
        root = ElementTree.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert {"width", "height", "viewBox"} <= root.attrib.keys()
        assert len(picture.encode()) < 100_000
        links = [name for each in root.iter() for name in each.attrib if name.endswith(("href", "src"))]
        assert not links


def test_there_is_no_picture_of_leaders_without_a_score(make_facts):
    assert leaders_picture(make_facts(trials=0)) is None
    ElementTree.fromstring(progress_picture(make_facts(trials=0)))


def test_pictures_are_named_in_the_text(make_facts):
    text = to_markdown(make_facts(trials=8), [("report-progress.svg", "The best score so far")])
    assert "![The best score so far](report-progress.svg)" in text
