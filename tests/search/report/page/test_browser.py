"""The page in a browser: nothing is asked for, nothing runs but its script, and everyone can use it."""

from __future__ import annotations

import pytest

PHONE = {"width": 390, "height": 844}
KINDS = {
    "images": {},
    "table": {"table": True},
    "undecided": {"decided": False},
    "unconfirmed": {"finalists": 0},
    "nothing": {"trials": 0},
}


def texts_of(tab, column):
    """List the texts of a column, those of its rows alone."""
    return tab.eval_on_selector_all(
        "#board tbody tr:not(.group)", f"rows => rows.map(r => r.cells[{column}].innerText)"
    )


def column_of(tab, name):
    heads = tab.eval_on_selector_all("#board thead th", "cells => cells.map(c => c.innerText.trim())")
    return next(at for at, head in enumerate(heads) if " ".join(head.split()).startswith(name))


def click_head(tab, name):
    tab.locator("#board thead th button", has_text=name).first.click()


def test_a_reader_finds_the_answers_under_their_headings(show, page_file, make_facts):
    facts, tab = make_facts(), show(page_file()).tab

    def below(heading):
        found = tab.get_by_role("heading", name=heading, exact=True, level=2)
        return " ".join(found.locator("xpath=ancestor::section[1]").inner_text().split())

    winner, second = facts.leaderboard[:2]
    won = below("The winner")
    assert won.startswith(f"The winner Winner: trial {winner.trial} (")  # what won
    assert f"In selection, trial {winner.trial} had" in won  # by how much
    assert f"the next, trial {second.trial}, had" in won
    assert "95% interval 0.9434 to 0.9634), from 8 fresh trainings on 360 test images" in won  # how sure that is
    assert max(facts.importance, key=lambda each: each.share).hyperparameter in below("What mattered")
    assert "In a new search:" in below("What to try next") or "packtune resume" in below("What to try next")
    assert facts.place.commands  # how to use the model
    assert all(each.purpose in below("Commands") and each.line in below("Commands") for each in facts.place.commands)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_asked_for_and_nothing_goes_wrong(kind, show, page_file):
    shown = show(page_file(**KINDS[kind]))
    shown.tab.wait_for_load_state("networkidle")
    assert shown.requests == []
    assert shown.faults == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_there_is_nothing_that_axe_objects_to(kind, scheme, show, page_file):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    shown = show(page_file(**KINDS[kind]), scheme=scheme, bypass_csp=True)  # axe is a script of its own
    found = axe.Axe().run(shown.tab)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_follows_the_colours_of_the_screen(scheme, show, page_file):
    tab = show(page_file(), scheme=scheme).tab
    red, *_ = tab.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (red > 200) == (scheme == "light")
    dot = tab.evaluate("getComputedStyle(document.querySelector('path.complete')).stroke")
    assert dot not in ("none", "rgb(0, 0, 0)")


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_scrolls_only_down(kind, show, page_file):
    tab = show(page_file(**KINDS[kind]), viewport=PHONE).tab
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    sizes = tab.eval_on_selector_all(
        "svg.chart text",
        "texts => texts.map(t => t.getBoundingClientRect()).map(b => Math.max(b.width, b.height)).filter(s => s > 0)",
    )
    assert min(sizes, default=9) >= 9  # pixels


def test_names_with_markup_are_text(show, page_file):
    tab = show(page_file(table=True)).tab
    assert tab.evaluate("document.querySelectorAll('main u, main em, main script, bdi b:not(:has(bdi))').length") == 0
    assert tab.evaluate("document.querySelectorAll('script').length") == 2
    text = tab.inner_text("body")
    for name in (
        "<script>alert(1)</script>",
        "<u>digits</u>",
        "{{ 7 * 7 }}",
        "</style>",
        "quo\"te's",
        "<b>own</b>_value",
    ):
        assert name in text
    assert "\u202e" not in tab.content()


def test_what_gets_into_a_page_cannot_run(show, page_file):
    """Whatever a name would get into the page in spite of all, the policy does not let it run."""
    shown = show(page_file())
    shown.tab.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        "const i = document.createElement('img'); i.src = 'x'; i.setAttribute('onerror', 'window.ran = 2');"
        "document.body.append(i); }"
    )
    shown.tab.wait_for_timeout(50)
    assert shown.tab.evaluate("window.ran") is None
    assert any("Content Security Policy" in fault for fault in shown.faults)


def test_the_script_shows_rows_as_they_were_without_it(show, page_file):
    with_script = show(page_file()).tab
    without = show(page_file(), java_script_enabled=False).tab
    before = without.locator("#board tbody").all_inner_texts()
    with_script.locator("#filter").fill(" ")  # nothing is filtered, and all rows are made by the script
    assert with_script.locator("#board tbody").all_inner_texts() == before
    intervals = (
        "svgs => svgs.map(s => [s.getAttribute('aria-label'), s.querySelector('circle')?.getAttribute('class')])"
    )
    made, drawn = (tab.eval_on_selector_all("#board tbody svg", intervals) for tab in (with_script, without))
    assert made == drawn
    assert without.locator("#controls").is_hidden()


def test_a_click_sorts_and_says_so(show, page_file):
    tab = show(page_file(300)).tab
    at = column_of(tab, "parameters")
    click_head(tab, "parameters")
    head = tab.locator("#board thead th").nth(at)
    assert head.get_attribute("aria-sort") == "ascending"
    assert "by parameters, smallest first" in tab.inner_text("#shown")
    numbers = [float(text.replace(",", "").replace("k", "e3")) for text in texts_of(tab, at) if text]
    several, once = numbers[:6], numbers[6:]  # finalists stay apart
    assert several == sorted(several) and once == sorted(once)
    click_head(tab, "parameters")
    assert head.get_attribute("aria-sort") == "descending"
    assert tab.locator("#board thead th").nth(0).get_attribute("aria-sort") == "none"


def test_the_keyboard_sorts(show, page_file):
    tab = show(page_file(300)).tab
    tab.locator("#board thead th button", has_text="trial").first.focus()
    tab.keyboard.press("Enter")
    assert "by trial, smallest first" in tab.inner_text("#shown")


def test_rows_without_a_value_come_last_in_both_directions(show, page_file):
    tab = show(page_file(finalists=0)).tab
    at = column_of(tab, "validation")
    for _ in range(2):
        click_head(tab, "validation")
        texts = texts_of(tab, at)
        assert "" in texts and "" not in texts[: texts.index("")] and set(texts[texts.index("") :]) == {""}


def test_filters_by_words_and_by_state(show, page_file):
    tab = show(page_file(300)).tab
    tab.locator("#filter").fill("mlp false")
    assert {*texts_of(tab, column_of(tab, "architecture"))} == {"mlp"}
    assert {*texts_of(tab, column_of(tab, "nesterov"))} == {"false"}
    assert "filtered from 300" in tab.inner_text("#shown")
    tab.locator("#filter").fill("")
    tab.locator("#state").select_option("DIVERGED")
    assert {*texts_of(tab, column_of(tab, "standing"))} == {"✕ diverged"}
    tab.locator("#filter").fill("there is no such row")
    assert "Shown: none" in tab.inner_text("#shown")


def test_buttons_turn_the_pages(show, page_file):
    tab = show(page_file(300)).tab
    assert tab.locator("#first").is_disabled() and tab.locator("#on").is_enabled()
    seen = texts_of(tab, 1)
    for _ in range(2):
        tab.locator("#on").click()
        seen += texts_of(tab, 1)
    assert sorted(map(int, seen)) == list(range(300))
    assert tab.locator("#on").is_disabled()
    tab.locator("#first").click()
    assert "Shown: 1 to 100 of 300" in tab.inner_text("#shown")


@pytest.mark.slow
def test_ten_thousand_rows_are_sorted(show, page_file):
    shown = show(page_file(10_000))
    took_ms = shown.tab.evaluate(
        "() => { const b = [...document.querySelectorAll('#board thead button')].find(b => b.innerText.includes("
        "'learning_rate')); const start = performance.now(); b.click(); return performance.now() - start; }"
    )
    print(f"10,000 rows were sorted and shown in {took_ms:.0f} ms")
    assert "of 10,000" in shown.tab.inner_text("#shown")
    assert shown.requests == shown.faults == []


def test_a_page_can_be_printed(show, page_file, tmp_path):
    tab = show(page_file()).tab
    tab.emulate_media(media="print")
    assert tab.locator("nav").is_hidden() and tab.locator("#controls").is_hidden()
    clipped = "boxes => boxes.filter(b => getComputedStyle(b).overflowX !== 'visible').length"
    assert tab.eval_on_selector_all(".scroll", clipped) == 0
    file = tmp_path / "report.pdf"
    tab.pdf(path=str(file), prefer_css_page_size=True)
    assert file.read_bytes().startswith(b"%PDF-")
