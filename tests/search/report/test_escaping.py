"""Text from outside runs nothing, marks nothing up and stays in its cell."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from packtune.cli.predict import predict
from packtune.data.description import Head
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.model_file import TrainedModel, model_to_bytes
from packtune.report.escaping import defuse_formula, escape_markdown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=x", "＝x", "  =1", "\u00a0=1", " \t=1"])
def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text):
    assert defuse_formula(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "x=1", "'=1", "1-2", "leaky_relu", -1, -0.5, None, True])
def test_all_else_stays_as_it_is(value):
    assert defuse_formula(value) is value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a | b\nc\r\nd", "a \\| b c d"),
        ("[x](http://y) ![z](q)", "\\[x\\](http://y) \\!\\[z\\](q)"),
        ("\\| `code` *a* ~b~ _c_ &amp;", "\\\\\\| \\`code\\` \\*a\\* \\~b\\~ \\_c\\_ &amp;amp;"),
        ("leaky_relu", "leaky_relu"),
        ("0.9667", "0.9667"),
        ("-1.5e-05", "-1.5e-05"),
    ],
)
def test_markdown_shows_a_text_and_does_nothing_with_it(text, shown):
    assert escape_markdown(text) == shown


@given(st.text(alphabet=st.sampled_from("ab_|\\<>&*`[]\n\r\u2028 "), max_size=20))
def test_a_cell_of_markdown_has_no_markup_and_no_end_of_its_own(text):
    shown = escape_markdown(text)
    assert not re.search(r"[<>\n\r\u2028]", shown)
    bare = re.sub(r"\\.", "", shown)
    assert not re.search(r"[\\|*`\[\]]", bare)
    html = re.sub(r"\\(.)", r"\1", shown).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert html == " ".join(text.split())


def test_names_of_image_files_and_of_heads_are_defused_in_what_predict_writes(tmp_path, capsys):
    network = build_network(Configuration(hidden_units=2), input_shape=(1, 3, 4), outputs=2, seed=0)
    model = TrainedModel(
        network=network.eval(), configuration=Configuration(hidden_units=2), input_shape=(1, 3, 4),
        heads=(Head(name="@head", classes=("0", "1")),), trained_on="digits", epochs=1,
        trial=0, seed=0, validation_accuracy=0.5,
    )  # fmt: skip
    (tmp_path / "model.pt").write_bytes(model_to_bytes(model))
    (tmp_path / "scans").mkdir()
    for name in ("=1+1.png", "plain.png"):
        Image.fromarray(np.zeros((3, 4), np.uint8)).save(tmp_path / "scans" / name)
    predict(tmp_path / "model.pt", tmp_path / "scans")
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["image", "'@head", "probability", "note"]
    assert sorted(row[0] for row in rows) == ["'=1+1.png", "plain.png"]
