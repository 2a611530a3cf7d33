"""Every reader survives some hundreds of hostile files, and every fuzzer finds a reader that does not."""

import json
import pickle
import struct
import tomllib
import warnings
from pathlib import Path

import fuzz
import guards
import numpy as np
import pytest
import torch

from packtune.errors import DataError
from packtune.settings import Settings

TRIES = 200


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", fuzz.FUZZERS)
def test_hostile_files_are_read_soundly_or_refused(name):
    assert fuzz.FUZZERS[name](TRIES, 1) >= TRIES


def test_a_journal_cut_anywhere_in_its_last_records_loses_no_other(tmp_path):
    assert fuzz.cut_journal(tmp_path) > 100


def believe_header(path):
    content = path.read_bytes()
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * len(shape)).reshape(shape).copy()


def unpickle_images(path):
    try:
        with path.open("rb") as file:
            return np.load(file, allow_pickle=True)["images"]
    except Exception as error:
        raise DataError("it is damaged") from error


def unpickle_model(content, *, source):
    return pickle.loads(content)


def trust_toml(path):
    return Settings(**tomllib.loads(path.read_text(errors="replace")))


def trust_journal(path, *, read_only):
    return [json.loads(line) for line in path.read_bytes().splitlines()], [], set()


@pytest.mark.parametrize(
    ("fuzzer", "readers", "found"),
    [
        (fuzz.fuzz_idx, {"read": believe_header}, (IndexError, struct.error, ValueError)),
        (fuzz.fuzz_npz, {"read": unpickle_images}, AssertionError),
        (fuzz.fuzz_model, {"read": unpickle_model}, (AssertionError, pickle.UnpicklingError, EOFError)),
        (fuzz.fuzz_toml, {"read_space": trust_toml}, (AttributeError, TypeError, ValueError)),
        (fuzz.fuzz_toml, {"read_settings": trust_toml}, (TypeError, ValueError)),
        (fuzz.fuzz_journal, {"read": trust_journal}, (AttributeError, ValueError)),
    ],
)
def test_a_reader_that_trusts_its_file_is_found(fuzzer, readers, found):
    with pytest.raises(found):
        fuzzer(TRIES, 1, **readers)


def test_a_reader_that_loses_a_whole_record_is_found(tmp_path):
    def forget_one(path, *, read_only):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(line for line in lines[:-1] if line.endswith(b"\n")))
        return fuzz.read_journal(path, read_only=read_only)

    with pytest.raises(AssertionError, match="cut after 1 bytes of record"):
        fuzz.cut_journal(tmp_path, forget_one)


def run_code(path: Path) -> None:
    (path.parent / "marker").touch()
    raise DataError("refused too late")


def fill_memory(path: Path) -> None:
    np.ones(2 * guards.MAX_NEW_BYTES, dtype=np.uint8)


def ask_for_too_much(path: Path) -> None:
    try:
        torch.empty(2**45, dtype=torch.uint8)
    except RuntimeError as error:
        raise DataError("it is too large") from error


def warn(path: Path) -> None:
    warnings.warn("odd", stacklevel=1)


def never_end(path: Path) -> None:
    while True:
        try:
            while True:
                pass
        except Exception:  # what a reader does with every error must not hide the hang
            raise DataError("damaged") from None


def steer_the_terminal(path: Path) -> None:
    raise DataError("\x1b[2J is no image")


def say_too_much(path: Path) -> None:
    raise DataError("x" * 100_000)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (run_code, "code of the file was run"),
        (fill_memory, "Unable to allocate"),
        (ask_for_too_much, "only the system refused"),
        (warn, "a warning was given: odd"),
        (never_end, "more than 0.2 s"),
        (steer_the_terminal, "unprintable"),
        (say_too_much, "100000 characters"),
    ],
)
def test_the_guards_hold(tmp_path, monkeypatch, read, message):
    monkeypatch.setattr(guards, "CPU_S", 0.2)
    with pytest.raises((AssertionError, MemoryError, guards.Hang), match=message):
        guards.attempt(read, tmp_path / "file", (DataError,), marker=tmp_path / "marker")
    guards.attempt(lambda path: 1, tmp_path / "file", (DataError,), marker=tmp_path / "other")
