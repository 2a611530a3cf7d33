"""The page of a report: one file of HTML that asks for nothing, made from the facts alone."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined

from packtune.data.files import readable
from packtune.report.facts.report import ReportFacts
from packtune.report.live.progress import format_duration
from packtune.report.page.advice import advise
from packtune.report.page.charts.axes import Axis
from packtune.report.page.charts.markup import Markup, element, join, text
from packtune.report.page.figures import Section
from packtune.report.page.leaderboard import FIRST_ROWS, board_title, make_board, order_words
from packtune.report.page.margin import margin_words
from packtune.report.page.sections.about import data_pairs, machine_pairs, settings_pairs, space_tables
from packtune.report.page.sections.answers import answers_section, columns_section
from packtune.report.page.sections.curves import curves_section
from packtune.report.page.sections.importance import importance_section
from packtune.report.page.sections.progress import progress_section
from packtune.report.page.sections.relations import relations_section
from packtune.report.page.sections.slices import slices_section
from packtune.report.page.sections.trade import trade_section
from packtune.report.page.words import hyperparameter_axis, sentence

POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""What a browser may do: show this style and run this script, and nothing else, whatever a name may hold."""


STATE_WORDS = {
    "COMPLETE": "trained to the end",
    "PRUNED": "stopped early",
    "DIVERGED": "diverged",
    "FAIL": "failed",
    "WAITING": "waiting",
    "RUNNING": "running",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """The files of the template, and the policy that allows no other."""

    template: str
    style: Markup
    script: Markup
    policy: str


def render_page(facts: ReportFacts) -> str:
    """Write the page of a run: HTML that asks for nothing, in one text.

    The same facts give the same text. Nothing in them is taken for markup, and the page lets nothing run but its own
    script, which sorts and filters the leaderboard; without it the first rows are there.
    """
    assets = read_assets()
    page = _environment().from_string(assets.template)
    return page.render(_content(facts) | {"assets": assets})


def page_sections(facts: ReportFacts) -> list[Section]:
    """Make the sections below the leaderboard, in their order."""
    axes = hyperparameter_axes(facts)
    made = [
        curves_section(facts),
        progress_section(facts),
        importance_section(facts),
        slices_section(facts, axes),
        relations_section(facts, axes),
        trade_section(facts),
        answers_section(facts),
        columns_section(facts),
    ]
    return [section for section in made if section is not None]


def hyperparameter_axes(facts: ReportFacts) -> list[Axis]:
    """Make the axis of each hyperparameter that trials differ in."""
    return [
        hyperparameter_axis(each, (trial.values[index] for trial in facts.trials))
        for index, each in enumerate(facts.hyperparameters)
    ]


def _content(facts: ReportFacts) -> dict[str, object]:
    return {
        "facts": facts,
        "board": make_board(facts),
        "board_title": board_title(facts),
        "board_order": order_words(facts),
        "sections": page_sections(facts),
        "board_rows": FIRST_ROWS,
        "advice": advise(facts),
        "margin": margin_words(facts),
        "state_words": STATE_WORDS,
        "data_pairs": data_pairs(facts),
        "settings_pairs": list(settings_pairs(facts)),
        "machine_pairs": machine_pairs(facts),
        "space_tables": space_tables(facts),
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["duration"] = format_duration
    environment.filters["ticks"] = code_marked
    environment.filters["sentence"] = sentence
    return environment


def code_marked(content: str) -> Markup:
    """Show what stands between backticks as code."""
    parts = content.split("`")
    if len(parts) % 2 == 0:  # one is left over: it is no mark of code
        return text(content)
    return join([element("code", part) if index % 2 else text(part) for index, part in enumerate(parts)])


def _shown(value: object) -> object:
    """Show what no browser should obey: control characters and marks of direction become backslash escapes."""
    return readable(value) if type(value) is str else value


@cache
def read_assets() -> Assets:
    """Read the template, the style and the script, and name both by their hashes."""
    folder = resources.files("packtune.report.page") / "template"
    template, style, script = (
        (folder / name).read_text(encoding="utf-8") for name in ("page.html", "style.css", "script.js")
    )
    policy = POLICY.format(style=_digest(style), script=_digest(script))
    return Assets(template=template, style=Markup(style), script=Markup(script), policy=policy)


def _digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
