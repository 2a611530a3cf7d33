"""Inputs that fuzzing found: each once got through, or ended in another error than the documented one."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from damage import zip_bytes
from guards import attempt

from data import npz
from data.errors import CorruptFile
from search.errors import SettingsError, SpaceError
from search.settings import read_settings
from search.space_file import parse_space
from search.storage_url import hide_password


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


@pytest.mark.parametrize("dictionary_bytes", [0xF0000000, 1 << 30])
def test_an_archive_is_refused_before_it_claims_memory_for_a_dictionary(tmp_path, dictionary_bytes):
    stream = io.BytesIO()
    np.save(stream, np.zeros((1, 1, 1), np.uint8))
    content = bytearray(zip_bytes([("images.npy", stream.getvalue())], zipfile.ZIP_LZMA))
    place = content.find(b"images.npy") + len("images.npy") + 5
    content[place : place + 4] = struct.pack("<I", dictionary_bytes)
    path = tmp_path / "images.npz"
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match="packed in a way that NumPy never uses"):
        npz.read(path)
    assert attempt(npz.read, path, (CorruptFile,), marker=tmp_path / "marker") is None
