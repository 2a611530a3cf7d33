"""What the documentation says is so: links, commands, file names and code."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from packtune.cli.commands import app

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/README.md"]
PAGES += sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
COMMANDS = typer.main.get_command(app).commands

BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
# In a line of its own, or in backticks; what a placeholder stands for is up to the reader.
COMMAND = re.compile(r"(?:^    |`|-- |&& )(?:\.venv/bin/)?packtune((?: [^`\n|#>]+)?)", re.MULTILINE)
REPOSITORY_PATH = re.compile(
    r"`((?:search|models|data|tests|results|docs|\.ci|\.github)/[\w./*-]*|pyproject\.toml|Makefile)`"
)
# Made by those who follow the text.
NOT_HERE = re.compile(r"results/runs|docs/.*NAME|\*")


def prose(page):
    return BLOCK.sub("", TEXTS[page])


def anchors(text):
    """Give the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def quoted_commands(page):
    """List the words of each command of ours on a page, without `packtune` itself."""
    found = [shlex.split(words) for words in COMMAND.findall(TEXTS[page])]
    return [[word for word in words if word not in ("...", "--help")] for words in found]


def python_blocks(page):
    """Give the Python code of a page as one program; what needs a cluster is left out."""
    blocks = [code for _, language, code in BLOCK.findall(TEXTS[page]) if language == "python"]
    return "\n".join(code for code in blocks if "# needs a cluster" not in code)


def shortened(code):
    """Search less than the documentation does: eight trials of one epoch, which are confirmed, and two more."""
    code = re.sub(r"\btrials=\d+", "trials=8, epochs=1", code)
    return re.sub(r'\btrials="\+\d+"', 'trials="+2"', code)


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page):
    for link in LINK.findall(TEXTS[page]):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), link
        assert target.resolve().is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_page_can_be_reached_from_the_readme():
    reached, new = set(), {ROOT / "README.md"}
    while new:
        page = new.pop()
        reached.add(page)
        links = [link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8"))]
        targets = {(page.parent / link).resolve() for link in links if link.endswith(".md") and "://" not in link}
        new |= targets - reached
    assert {ROOT / page for page in PAGES} <= reached


def test_the_readme_is_short():
    assert len(TEXTS["README.md"].split()) <= 900


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_no_page_is_long(page):
    assert len(TEXTS[page].split()) <= 750


@pytest.mark.parametrize("word", ["trial", "pack", "member", "round", "lookahead"])
def test_the_readme_explains_its_words(word):
    glossary = TEXTS["README.md"].partition("## Words")[2]
    assert re.search(rf"^\| {word} \| \w", glossary, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_its_options_exist(page):
    for name, *words in filter(None, quoted_commands(page)):
        assert name in COMMANDS, name
        # Where nothing follows its name, the text speaks of the command itself.
        COMMANDS[name].make_context(name, list(words), resilient_parsing=not words)


def test_commands_are_found_where_they_are_written():
    assert ["best", "digits-wide-001", "--export", "digits.pt"] in quoted_commands("README.md")
    assert ["run", "--address", "auto", "--trials", "500", "--lookahead", "64"] in quoted_commands("docs/clusters.md")


def test_a_command_or_an_option_that_does_not_exist_would_be_found():
    with pytest.raises(Exception, match="No such option"):
        COMMANDS["run"].make_context("run", ["--nonsense", "3"])


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^    |`)make ([a-z-]+)", TEXTS[page], re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_exists(page):
    for path in REPOSITORY_PATH.findall(prose(page)):
        assert NOT_HERE.search(path) or (ROOT / path).exists(), path


@pytest.mark.long
@pytest.mark.timeout(600)  # several searches, on a machine that may do other work
@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_python_code_runs(page, tmp_path):
    program = shortened(python_blocks(page))
    assert "packtune.search(" in program
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stderr
