"""A browser for the session, and pages of made-up facts as files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from packtune.report.page.page import render_page

CHROMIUM = Path("/usr/bin/chromium")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser():
    """Start Debian's Chromium once."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: .ci/install-chromium installs it")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make .venv/ready-dev")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Shown:
    """A page in the browser, with what happened in it.

    Attributes:
        requests: addresses that it asked for, its own left out.
        faults: errors and warnings of the console, and exceptions.
    """

    tab: object
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@pytest.fixture
def show(browser):
    """Give a function that shows a file, in a context that is closed after the test."""
    contexts = []

    def show(path, *, scheme="light", viewport=DESKTOP, **options):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, **options)
        contexts.append(context)
        shown = Shown(tab=context.new_page())
        shown.tab.set_default_timeout(60_000)
        own = path.as_uri()
        shown.tab.on("request", lambda request: request.url == own or shown.requests.append(request.url))
        shown.tab.on("console", lambda said: shown.faults.append(said.text))
        shown.tab.on("pageerror", lambda error: shown.faults.append(str(error)))
        shown.tab.goto(own)
        return shown

    yield show
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def page_file(make_facts, tmp_path_factory):
    """Give a function that writes the page of made-up facts into a file."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}

    def write(trials=40, **options):
        key = (trials, *sorted(options.items()))
        if key not in made:
            made[key] = folder / f"{len(made)}.html"
            made[key].write_text(render_page(make_facts(trials, **options)), encoding="utf-8")
        return made[key]

    return write
