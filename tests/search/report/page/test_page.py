"""The page as a text: what it holds, what it leaves out, and how large it is."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from packtune.report.facts.leaders import Interval
from packtune.report.page.page import code_marked, page_sections, read_assets, render_page

VOID = {"meta", "link", "img", "input", "br"}
STATES = ("COMPLETE", "PRUNED", "DIVERGED", "FAIL")


class Outline(HTMLParser):
    """Reads a page: checks that elements are closed in order, and keeps what the tests ask for."""

    def __init__(self):
        super().__init__()
        self.open, self.found, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def outline(page):
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def board_of(page):
    return json.loads(re.search(r'id="board-data">(.*?)</script>', page, re.DOTALL)[1])


def count_marks(drawing):
    """Count the trials that a drawing says it holds."""
    return sum(map(int, re.findall(r'data-marks="(\d+)"', drawing)))


@pytest.mark.parametrize(
    "options",
    [{}, {"table": True}, {"decided": False}, {"finalists": 0}, {"trials": 0}, {"trials": 1}, {"trials": 300}],
    ids=str,
)
def test_a_page_is_sound(options, make_facts):
    facts = make_facts(**options)
    page = render_page(facts)
    read = outline(page)
    names = [attributes["id"] for _, attributes in read.found if "id" in attributes]
    assert len(names) == len(set(names))
    targets = {attributes["href"][1:] for attributes in read.all("a")}
    assert targets <= set(names)
    assert all(attributes.get("alt") for attributes in read.all("img"))
    assert all("aria-label" in each or each.get("aria-hidden") for each in read.all("svg"))
    assert len(board_of(page)["rows"]) == len(facts.leaderboard)


def test_a_page_asks_for_nothing(make_facts):
    read = outline(render_page(make_facts()))
    addresses = [each[name] for _, each in read.found for name in ("src", "href", "action", "data") if name in each]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert "url(" not in read_assets().style and "@import" not in read_assets().style


def test_the_policy_names_the_style_and_the_script(make_facts):
    page = render_page(make_facts(5))
    policy = next(each for each in outline(page).all("meta") if each.get("http-equiv"))["content"]
    for element in ("style", "script"):
        content = re.search(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)[1]
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'")


def test_the_same_facts_give_the_same_page(make_facts):
    assert render_page(make_facts(60)) == render_page(make_facts(60))


def test_every_finished_trial_is_in_every_plot_that_it_can_be_in(make_facts):
    facts = make_facts(200)
    sections = {section.name: section for section in page_sections(facts)}
    n_trials = len(facts.trials)
    assert [count_marks(figure.drawings[0]) for figure in sections["progress"].figures] == [n_trials] * 2
    (relations,) = sections["relations"].figures
    assert count_marks(relations.drawings[0]) == n_trials
    assert "not used" in relations.drawings[0]
    for figure in sections["slices"].figures:
        index = next(at for at, each in enumerate(facts.hyperparameters) if each.name == figure.title)
        having = sum(trial.values[index] is not None for trial in facts.trials)
        assert count_marks(figure.drawings[0]) == having
    with_curve = sum(bool(trial.curve) for trial in facts.trials)
    assert count_marks(sections["curves"].figures[1].drawings[0]) == with_curve
    by_parameters, by_time = sections["trade"].figures
    assert count_marks(by_parameters.drawings[0]) == len(facts.trade)
    assert count_marks(by_time.drawings[0]) == len(facts.times.trade)


@pytest.mark.slow
def test_a_page_of_ten_thousand_trials_is_small(make_facts):
    facts = make_facts(10_000)
    page = render_page(facts)
    assert len(page.encode()) <= 4_000_000
    board = board_of(page)
    assert len(board["rows"]) == 10_000
    assert page.count("<tr") < 300
    assert board["rows"][0][2] == facts.winner.trial


def test_a_small_page_is_small(make_facts):
    assert len(render_page(make_facts(40)).encode()) <= 1_500_000


def test_names_with_markup_are_escaped(make_facts):
    page = render_page(make_facts(table=True))
    for name in ("<script>alert(1)", "<u>digits", "<em>digit", "<b>own</b>", "<b>age", "<i>because"):
        assert name not in page
    assert "&lt;u&gt;digits&lt;/u&gt;" in page
    assert "{{ 7 * 7 }}" in page  # it is no template either
    assert "\u202e" not in page


def test_json_cannot_end_its_element(make_facts):
    facts = make_facts(20)
    hostile = dataclasses.replace(
        facts,
        hyperparameters=(
            dataclasses.replace(facts.hyperparameters[0], name="</script><b>"),
            *facts.hyperparameters[1:],
        ),
    )
    page = render_page(hostile)
    assert page.count("</script>") == 2
    assert "</script><b>" in [column["name"] for column in board_of(page)["columns"]]


def test_before_the_winner_is_decided_nothing_is_told_of_test_examples(make_facts):
    page = render_page(make_facts(decided=False))
    assert "Ahead so far" in page and "these are validation examples" in page
    names = [column["name"] for column in board_of(page)["columns"]]
    assert not any(name.startswith("test") for name in names)


def test_configurations_seen_once_are_set_apart(make_facts):
    facts = make_facts(40, finalists=3)
    page = render_page(facts)
    groups = re.findall(r"<tbody>\s*<tr class=\"group\">.*?</tbody>", page, re.DOTALL)
    assert [group.count("<tr>") for group in groups] == [3, len(facts.leaderboard) - 3]
    assert "Seen once" in groups[1]


def test_a_higher_mean_below_the_winner_is_explained(make_facts):
    facts = make_facts(40)
    assert "in rounds" not in render_page(facts)
    second = facts.leaderboard[1]
    lucky = dataclasses.replace(second, score=dataclasses.replace(second.score, mean=0.999, trainings=2))
    rows = (facts.leaderboard[0], lucky, *facts.leaderboard[2:])
    assert "Finalists are compared in rounds" in render_page(dataclasses.replace(facts, leaderboard=rows))


def test_a_smaller_score_may_be_better(make_facts):
    facts = make_facts(60)
    metric = dataclasses.replace(
        facts.metric, name="log-loss", in_words="log-loss", larger_is_better=False, highest=20.0
    )
    page = render_page(dataclasses.replace(facts, metric=metric))
    assert "validation log-loss (smaller is better)" in page
    assert "validation log-loss" in [column["name"] for column in board_of(page)["columns"]]


def test_an_interval_that_leaves_the_axis_has_no_stroke_there(make_facts):
    facts = make_facts(40, finalists=4)
    wide = Interval(mean=0.9, low=0.1, high=1.0, trainings=2, collapsed=0, examples=100)
    rows = (facts.leaderboard[0], dataclasses.replace(facts.leaderboard[1], score=wide), *facts.leaderboard[2:])
    board = board_of(render_page(dataclasses.replace(facts, leaderboard=rows)))
    start, end = board["axis"]
    assert start + 0.1 * (end - start) < 0  # the others are still told apart


def test_backticks_are_code():
    assert code_marked("run `a<b` now") == "run <code>a&lt;b</code> now"
    assert code_marked("one ` alone <") == "one ` alone &lt;"


def test_means_of_finalists_are_not_drawn_as_perfect(make_facts):
    """A mean may be closer to the best score than any single training that is not perfect."""
    facts = make_facts(40)
    first = facts.finalists[0]
    spread = tuple(dataclasses.replace(point, low=0.5, mean=0.975, high=1.0) for point in first.spread)
    alone = dataclasses.replace(facts, finalists=(dataclasses.replace(first, spread=spread),))
    drawing = next(each for each in page_sections(alone) if each.name == "curves").figures[0].drawings[0]
    lowest = float(re.search(r'class="band s0" d="M\d+ (\d+)', drawing)[1])
    mean = float(re.search(r'class="line mean s0" d="M\d+ (\d+)', drawing)[1])
    perfect = float(re.search(r'd="M[\d.]+ ([\d.]+)L[^"]*"></path><text[^>]*>1</text>', drawing)[1])
    assert perfect + 20 < mean < lowest
