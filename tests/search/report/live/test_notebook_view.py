"""What a notebook shows of a search that runs: the same as a terminal, as HTML that runs nothing."""

from __future__ import annotations

import html
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packtune.dispatch.standing import Leader, Pace, PackProgress
from packtune.report.live.notebook import MOST_COLUMNS, MOST_PACKS, to_html
from packtune.report.live.picture import picture_of

PACE = Pace(per_minute=34.2, left_s=(200.0, 330.0))
TAGS = {"div", "b", "progress", "span", "table", "thead", "tbody", "tr", "th", "td"}
HOSTILE = st.text(st.sampled_from("<>&\"'/=scriptonerror \u202e\n"), min_size=1, max_size=30)


class Tags(HTMLParser):
    """Collects the tags of a page, their attributes and its text."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.texts = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.texts.append(data)


def parsed(text):
    tags = Tags()
    tags.feed(text)
    tags.close()
    return tags


def test_a_notebook_shows_the_best_trials_the_packs_the_stage_and_the_time_left(midst):
    found = parsed(to_html(picture_of(midst, PACE)))
    text = " ".join(found.texts)
    for words in (
        "Exploration",
        "113/200 trials, 50 pruned, 3 diverged, 17 running",
        "34 trials/min, about 3 min 20 s to 5 min 30 s left",
        "best 0.9873 (trial 117)",
        "6/10 epochs, 16 trials of mlp",
    ):
        assert words in text
    assert found.tags == TAGS
    assert to_html(picture_of(midst, PACE)).count("</th>") == MOST_COLUMNS


def test_many_packs_are_counted(midst):
    text = to_html(picture_of(replace(midst, packs=midst.packs * 20), PACE))
    assert text.count("<div>pack ") == MOST_PACKS
    assert f"and {40 - MOST_PACKS} more packs" in text


def test_without_a_trial_there_is_no_table(midst):
    empty = replace(midst, leaders=(), rise=(), packs=(), best=None)
    assert "<table" not in to_html(picture_of(empty, PACE))
    assert html.escape("Loading <b> ...") in to_html(picture_of(empty, PACE, "Loading <b>"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_hostile_names_and_values_are_text(midst, name, value, architecture, search):
    packs = (PackProgress(number=1, architecture=architecture, members=3, epochs=1, of_epochs=2, search=search),)
    leaders = (Leader(trial=1, score=0.5, values=((name, value),)),)
    found = parsed(to_html(picture_of(replace(midst, leaders=leaders, packs=packs), PACE, value)))
    assert found.tags <= TAGS
    assert found.attributes <= {"max", "value", "style", "aria-hidden"}
