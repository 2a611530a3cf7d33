"""Makes text from outside harmless for the program that shows it: a spreadsheet, or a reader of Markdown."""

from __future__ import annotations

import re

# A spreadsheet takes text that starts so for a formula, also behind blanks (OWASP, CSV injection). The wide forms count
# in spreadsheets that read Asian text.
FORMULA = re.compile(r"[ \u00a0\u3000]*[=+\-@\t\r\n＝＋－＠]")
MARKDOWN = re.compile(r"([\\`*\[\]|~#!])")


def defuse_formula(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would take for a formula; give other values back unchanged."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def escape_markdown(text: str) -> str:
    """Write a text for a cell of a Markdown table: one line, no markup, no HTML, no new column."""
    line = " ".join(text.split())
    html = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # An underscore inside a word is no markup: names of hyperparameters stay as they are.
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", MARKDOWN.sub(r"\\\1", html))
