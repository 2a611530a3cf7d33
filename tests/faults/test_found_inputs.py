"""Inputs that fuzzing found: each once got through, or ended in another error than the documented one."""

from __future__ import annotations

import io
import random
import struct
import zipfile

import numpy as np
import pytest
from damage import zip_bytes
from fuzz import make_journal, read_journal
from guards import attempt

from packtune.data.formats import npz
from packtune.errors import CorruptFile, ModelFileError, RunError, SettingsError, SpaceError
from packtune.models.model_file import model_from_bytes
from packtune.run.settings_file import read_settings
from packtune.space.file import parse_space
from packtune.study.storage_url import hide_password


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hidden_units = " + "9" * 5000, "a whole number has more than 64 bits"),
        ("hidden_units = 0x" + "f" * 5000, "a whole number has more than 64 bits"),
        ("learning_rate = 0x" + "f" * 400, "a whole number has more than 64 bits"),
        ("hidden_units = { low = 1, high = 0x" + "f" * 400 + " }", "a whole number has more than 64 bits"),
        (
            "filters = { choices = [8], when = { depth = 18446744073709551616 } }",
            "a whole number has more than 64 bits",
        ),
        ("depth.low" + ".a" * 5000 + " = 1", "nested too deeply"),
        ("depth = " + "[" * 1500 + "]" * 1500, "nested too deeply"),
    ],
)
def test_toml_beyond_what_can_be_handled_is_refused_as_toml(text, message):
    with pytest.raises(SpaceError, match=f"space x is not valid TOML: {message}. Mend that place"):
        parse_space(text, name="x", source="x")


def test_the_largest_whole_number_of_toml_is_refused_as_a_value():
    with pytest.raises(SpaceError, match="9223372036854775807 is not allowed: it must be a whole number"):
        parse_space(f"hidden_units = {2**63 - 1}", name="x", source="x")


@pytest.mark.parametrize("line", ["data_dir = true", "data_dir = 1", "halving = 'no'", "time_budget_s = inf"])
def test_a_setting_of_a_wrong_kind_is_refused(tmp_path, line):
    (tmp_path / "settings.toml").write_text(f"name = 'x'\n{line}\n")
    with pytest.raises(SettingsError, match="is not allowed: give"):
        read_settings(tmp_path / "settings.toml")


@pytest.mark.parametrize("url", ["postgresql://host:abc/db", "sqlite://h:99999999999x/"])
def test_a_url_with_a_port_that_is_no_number_is_refused(url):
    with pytest.raises(SettingsError, match="the storage is no database URL"):
        hide_password(url)


def greedy_archive(name, content, dictionary_bytes):
    """Pack one member with LZMA, and claim a dictionary of that size."""
    archive = bytearray(zip_bytes([(name, content)], zipfile.ZIP_LZMA))
    place = archive.find(name.encode()) + len(name) + 5
    archive[place : place + 4] = struct.pack("<I", dictionary_bytes)
    return bytes(archive)


@pytest.mark.parametrize("dictionary_bytes", [0xF0000000, 1 << 30])
def test_an_archive_is_refused_before_it_claims_memory_for_a_dictionary(tmp_path, dictionary_bytes):
    stream = io.BytesIO()
    np.save(stream, np.zeros((1, 1, 1), np.uint8))
    path = tmp_path / "images.npz"
    path.write_bytes(greedy_archive("images.npy", stream.getvalue(), dictionary_bytes))
    with pytest.raises(CorruptFile, match="compressed by a method that NumPy never uses"):
        npz.read(path)
    assert attempt(npz.read, path, (CorruptFile,), marker=tmp_path / "marker") is None


def test_a_model_is_refused_before_it_claims_memory_for_a_dictionary(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(greedy_archive("model/data.pkl", random.Random(0).randbytes(5000), 0xF0000000))
    assert (
        attempt(
            lambda path: model_from_bytes(path.read_bytes(), source="x"), path, (ModelFileError,), marker=tmp_path / "m"
        )
        is None
    )


def test_a_journal_whose_values_no_study_of_ours_has_is_refused_without_a_warning(tmp_path):
    journal = make_journal(tmp_path / "study.journal").replace(b'\\"choices\\": [\\"mlp\\"', b'\\"choices\\": [[]')
    (tmp_path / "study.journal").write_bytes(journal)
    with pytest.raises(RunError, match="is damaged .*Choices for a categorical distribution"):
        read_journal(tmp_path / "study.journal", read_only=True)


def test_choices_cannot_steer_the_terminal():
    with pytest.raises(SpaceError, match="has a value twice") as caught:
        parse_space('architecture = [false, false, "\\u000c"]', name="x", source="x")
    assert str(caught.value).isprintable()
