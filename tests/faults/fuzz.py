"""Fuzzing of every format that is read: arbitrary bytes and damaged files against the public readers.

A reader gives a sound result or raises the error that it documents; it never raises another, hangs, runs code of the
file, warns, or allocates what a header merely claims. From a shell: `python tests/faults/fuzz.py 10000 [FORMAT ...]`.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import math
import pickle
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import tomli_w
import torch
from damage import HUGE_NUMBERS, ODD_TEXT, SCALARS, ZIP_METHODS, contents, damaged, values, zip_bytes
from guards import attempt
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

from packtune.data.catalog import DATASETS
from packtune.data.description import Head
from packtune.data.formats import idx, npz
from packtune.data.formats.images import read_images
from packtune.dispatch.asking import teach
from packtune.errors import DataError, ModelFileError, RunError, SettingsError, SpaceError
from packtune.models.architectures.build import build_network
from packtune.models.configuration import HYPERPARAMETERS, Configuration
from packtune.models.model_file import TrainedModel, model_from_bytes, model_to_bytes
from packtune.proposals.catalog import make_proposer
from packtune.proposals.proposer import propose
from packtune.report.ranking import rank_rows
from packtune.report.winner import pick_winner
from packtune.run.settings_file import read_settings, write_settings
from packtune.settings import Resources, SearchPlan, Settings
from packtune.space.catalog import load_space
from packtune.space.domains import FloatRange
from packtune.space.file import EXAMPLE, read_space
from packtune.space.space import Space
from packtune.study.storage import open_storage
from packtune.study.study import create_study, load_study
from packtune.trial import Accuracy, Outcome, Pack, TrialRecord, TrialState

Read = Callable[[Path], Any]
SPACE = "wide"
STUDY = "fuzzed"
PLAN = SearchPlan(space=SPACE, sampler="random", seed=3, pack_size=1)
BOMB_BYTES = 2**25

THREE_CLASSES = tuple(Head(name=name, classes=("0", "1", "2")) for name in ("upper", "lower"))


def fuzz_idx(tries: int, seed: int, read: Read = idx.read) -> int:
    """Read damaged IDX files, plain and gzipped; gives the number of examples tried."""

    def examine(path: Path, marker: Path) -> None:
        array = attempt(read, path, (DataError,), marker=marker)
        if array is not None:
            assert array.dtype == np.uint8 and array.flags.writeable and 1 <= array.ndim <= idx.MAX_DIMENSIONS
            assert idx.write(array) == idx.decompress(path.read_bytes(), str(path))
        _check_images(path, marker)

    return _fuzz(_idx_contents(), tries, seed, examine)


def fuzz_npz(tries: int, seed: int, read: Read = npz.read) -> int:
    """Read damaged and forged .npz archives; gives the number of examples tried."""

    def examine(path: Path, marker: Path) -> None:
        images = attempt(read, path, (DataError,), marker=marker)
        if images is not None:
            assert images.dtype == np.uint8 and images.ndim == 3 and images.size > 0
            assert images.flags.c_contiguous and images.flags.writeable
            if path.read_bytes().startswith(npz.ZIP_MAGICS):  # zipfile takes anything before that, NumPy does not
                with np.load(path, allow_pickle=False) as archive:
                    # By the member's full name: of "images" and "images.npy", NumPy would take the former.
                    assert np.array_equal(archive[f"{npz.KEY}.npy"], images)
        _check_images(path, marker)

    return _fuzz(_npz_contents, tries, seed, examine)


def fuzz_model(tries: int, seed: int, read: Callable[..., TrainedModel] = model_from_bytes) -> int:
    """Read damaged and forged model files; gives the number of examples tried."""

    def read_model(path: Path) -> tuple[TrainedModel, torch.Tensor]:
        model = read(path.read_bytes(), source="the model")
        return model, model.predict(torch.zeros(2, *model.input_shape, dtype=torch.uint8))

    def examine(path: Path, marker: Path) -> None:
        given = attempt(read_model, path, (ModelFileError,), marker=marker)
        if given is not None:
            _check_model(*given)

    return _fuzz(_model_contents, tries, seed, examine)


def fuzz_toml(
    tries: int, seed: int, read_space: Read = read_space, read_settings: Callable[[Path], Settings] = read_settings
) -> int:
    """Read damaged and random TOML as a space and as settings; gives the number of examples tried."""

    def examine(path: Path, marker: Path) -> None:
        space = attempt(read_space, path, (SpaceError,), marker=marker)
        if space is not None:
            _check_space(space)
        given = attempt(read_settings, path, (SettingsError, DataError), marker=marker)
        if given is not None:
            _check_settings(given, path)

    return _fuzz(_toml_contents(), tries, seed, examine)


def fuzz_journal(tries: int, seed: int, read: Callable[..., Any] | None = None) -> int:
    """Read damaged journals of a study; gives the number of examples tried."""
    with tempfile.TemporaryDirectory() as folder:
        journal = make_journal(Path(folder) / "study.journal")

    def examine(path: Path, marker: Path) -> None:
        content = path.read_bytes()
        for read_only in (True, False):
            path.write_bytes(content)
            given = attempt(
                lambda path: (read or read_journal)(path, read_only=read_only),  # noqa: B023
                path,
                (RunError,),
                marker=marker,
            )
            if given is not None:
                _check_records(*given)

    return _fuzz(_journal_contents(journal), tries, seed, examine)


def cut_journal(folder: Path, read: Callable[..., Any] | None = None) -> int:
    """Cut a study's journal at every byte of its last two records: at most the record that was cut is lost.

    Args:
        folder: an empty one to work in.

    Returns:
        The number of cuts.
    """
    read = read or read_journal
    path = folder / "study.journal"
    lines = make_journal(path).splitlines(keepends=True)
    cuts = 0
    for n_whole in (len(lines) - 2, len(lines) - 1):
        start = b"".join(lines[:n_whole])
        path.write_bytes(start)
        expected = read(path, read_only=True)
        for n_bytes in range(len(lines[n_whole])):
            for read_only in (True, False):
                path.write_bytes(start + lines[n_whole][:n_bytes])
                assert read(path, read_only=read_only) == expected, f"cut after {n_bytes} bytes of record {n_whole}"
            cuts += 1
    path.write_bytes(b"".join(lines))
    assert read(path, read_only=True) != expected, "the last record makes no difference, so that its loss shows nowhere"
    return cuts


def make_journal(path: Path) -> bytes:
    """Make the journal of a study with every kind of outcome, packs, one trial open and one recorded but not told."""
    reached = Accuracy(joint=0.75, heads=(0.75,))
    curve = ((1, 0.5), (2, 0.75))
    outcomes = [
        Outcome(state=TrialState.COMPLETE, epochs=2, curve=curve, validation=reached, test=reached, seconds=1.5),
        Outcome(state=TrialState.PRUNED, epochs=1, curve=curve[:1], validation=reached, test=reached, device="cpu"),
        Outcome(state=TrialState.DIVERGED, epochs=1, curve=((1, 0.0),), reason="not finite"),
        Outcome(state=TrialState.FAIL, reason="its worker died"),
    ]
    with open_storage(path, None) as storage:
        study = create_study(storage, STUDY, load_space(SPACE), PLAN)
        proposer = make_proposer(study.space, PLAN)
        for number in range(6):
            (suggestion,) = propose(proposer, first=number, pack=number, left=1, capacity=lambda _: 1)
            study.trials.open(number, suggestion)
        study.pack_notes.assign(0, [[0, 1], [2, 3]])
        study.pack_notes.assign(4, [[4], [5]])
        for number, outcome in enumerate(outcomes):
            study.outcomes.record(number, outcome)
            study.outcomes.tell(number, outcome)
        study.outcomes.record(4, outcomes[0])
        study.outcomes.tell(4, outcomes[0])
        study.outcomes.record(5, outcomes[1])
    return path.read_bytes()


def read_journal(path: Path, *, read_only: bool) -> tuple[list[TrialRecord], list[Pack], frozenset[int]]:
    """Read all that a search reads from its study: the trials, the packs, and the numbers of the trials told."""
    with open_storage(path, None, read_only=read_only) as storage:
        study = load_study(storage, STUDY, load_space(SPACE), PLAN)
        records = study.records()
        teach(make_proposer(study.space, replace(PLAN, sampler="tpe")), study, records)
        study.repeated()
        return records, study.packs(), study.outcomes.told_trials()


def _fuzz(
    examples: st.SearchStrategy[bytes] | Callable[[Path], st.SearchStrategy[bytes]],
    tries: int,
    number: int,
    examine: Callable[[Path, Path], None],
) -> int:
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        path, marker = Path(folder) / "fuzzed", Path(folder) / "code-was-run"

        @seed(number)
        @settings(
            max_examples=tries,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
        )
        @given(examples(marker) if callable(examples) else examples)
        def one(content: bytes) -> None:
            nonlocal tried
            tried += 1
            path.write_bytes(content)
            examine(path, marker)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)  # of strategies whose files are long to print
            one()
    return tried


# IDX and NPZ


def _idx_contents() -> st.SearchStrategy[bytes]:
    arrays = [np.arange(24, dtype=np.uint8).reshape(shape) for shape in ((24,), (4, 6), (2, 3, 4), (2, 1, 3, 4))]
    plain = [idx.write(array) for array in arrays]
    packed = [gzip.compress(content, mtime=0) for content in plain]
    several = gzip.compress(plain[2][:9], mtime=0) + gzip.compress(plain[2][9:], mtime=0)
    sizes = st.sampled_from([0, 1, 2, 3, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1])
    forged = st.builds(
        lambda kind, shape, body: b"\0\0" + bytes([kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body,
        st.sampled_from([8, 8, 8, 0, 9, 11, 14, 255]),
        st.lists(sizes, max_size=40),
        st.binary(max_size=30),
    )
    zipped = st.builds(gzip.compress, forged | damaged(plain), mtime=st.just(0))
    return contents([*plain, *packed, several]) | forged | zipped


def _npz_contents(marker: Path) -> st.SearchStrategy[bytes]:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    originals = []
    for save in (np.savez, np.savez_compressed):
        for arrays in ({"images": images}, {"images": np.asfortranarray(images), "others": np.zeros(3)}):
            stream = io.BytesIO()
            save(stream, **arrays)
            originals.append(stream.getvalue())
    stream = io.BytesIO()
    np.save(stream, images)
    originals += [zip_bytes([("images.npy", stream.getvalue())], method) for method in ZIP_METHODS]
    members = _npy_members() | damaged([stream.getvalue()]) | st.just(_npy("'|O'", "(1,)", _payload(marker)))
    names = st.sampled_from(["images.npy"] * 6 + ["images", "images.npy/", "../images.npy", "a.npy"]) | ODD_TEXT
    bomb = zip_bytes([("images.npy", _npy("'|u1'", "(1, 2, 2)", bytes(BOMB_BYTES)))], zipfile.ZIP_DEFLATED)
    archives = st.builds(
        zip_bytes,
        st.lists(st.tuples(names.filter(lambda name: "\0" not in name), members), max_size=4),
        st.sampled_from(ZIP_METHODS),
    )
    lies = st.builds(_lie_about_sizes, archives | st.sampled_from(originals), HUGE_NUMBERS)
    many = st.just(zip_bytes([(f"{n}\x1b[31m.npy", b"") for n in range(400)]))
    rare = st.integers(0, 400).flatmap(lambda n: st.just(bomb) if n == 0 else lies)
    return (
        contents(originals)
        | archives
        | archives
        | rare
        | st.integers(0, 50).flatmap(lambda n: many if n == 0 else archives)
    )


def _npy_members() -> st.SearchStrategy[bytes]:
    numbers = [
        "0",
        "1",
        "2",
        "3",
        "4",
        "-1",
        "True",
        "2.0",
        "None",
        "2**9",
        "1e3",
        "'2'",
        str(2**63),
        "0x" + "f" * 5000,
    ]
    sizes = st.sampled_from(["2", "3", "4"]) | st.sampled_from(numbers)
    shapes = st.lists(sizes, max_size=5).map(lambda given: f"({''.join(size + ', ' for size in given)})")
    odd_shapes = st.sampled_from(
        ["2", "[2, 3, 4]", "()", "(" * 150 + ")" * 150, "(2, 3, 4", "(2L, 3L, 4L)", "__import__"]
    )
    kinds = ["'|u1'"] * 8 + [
        "'u1'",
        "'<i8'",
        "'|O'",
        "'|V1'",
        "[('a', '|u1')]",
        "('|u1', (2,))",
        "'U9999999'",
        "8",
        "''",
    ]
    bodies = st.sampled_from([bytes(range(24))] * 3 + [b"", bytes(1), bytes(23), bytes(25), bytes(8)])
    return st.builds(
        _npy,
        st.sampled_from(kinds) | ODD_TEXT.map(repr),
        shapes | shapes | odd_shapes,
        bodies,
        fortran=st.sampled_from(["False", "True", "1", "None"]),
        version=st.sampled_from([(1, 0)] * 6 + [(2, 0), (3, 0), (1, 1), (255, 255)]),
        claimed=st.sampled_from([None] * 8 + [0, 1, 10_001, 2**16 - 1, 2**32 - 1]),
    )


def _npy(
    kind: str,
    shape: str,
    body: bytes,
    *,
    fortran: str = "False",
    version: tuple[int, int] = (1, 0),
    claimed: int | None = None,
) -> bytes:
    header = f"{{'descr': {kind}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode("utf-8", "replace")
    n_bytes = len(header) if claimed is None else claimed
    length = struct.pack("<H", n_bytes % 2**16) if version[0] == 1 else struct.pack("<I", n_bytes)
    return b"\x93NUMPY" + bytes(version) + length + header + body


def _lie_about_sizes(archive: bytes, number: int) -> bytes:
    """Write another size of the unpacked members into a zip archive's directory."""
    content = bytearray(archive)
    place = content.find(b"PK\x01\x02")
    while place >= 0:
        content[place + 24 : place + 28] = struct.pack("<I", number % 2**32)
        place = content.find(b"PK\x01\x02", place + 4)
    return bytes(content)


def _check_images(path: Path, marker: Path) -> None:
    batch = attempt(read_images, path, (DataError,), marker=marker)
    assert batch is None or (np.ndim(batch.images) == 3 and len(batch.names) == len(batch.images) > 0)


def _payload(marker: Path, protocol: int = 2) -> bytes:
    class MakeMarker:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return Path.mkdir, (marker,)  # type: ignore[return-value]

    return pickle.dumps({"format": MakeMarker(), "state_dict": MakeMarker()}, protocol=protocol)


# Models


def _models() -> list[TrainedModel]:
    made = []
    for name, height, width in (("mlp", 3, 4), ("cnn", 10, 10), ("overlap-cnn", 4, 10)):
        configuration = Configuration(architecture=name, hidden_units=3, filters=2)
        made.append(
            TrainedModel(
                network=build_network(configuration, input_shape=(1, height, width), outputs=6, seed=1).eval(),
                configuration=configuration,
                input_shape=(1, height, width),
                heads=THREE_CLASSES,
                trained_on="digits",
                epochs=2,
                trial=5,
                seed=7,
                validation_accuracy=0.5,
            )
        )
    return made


def _model_contents(marker: Path) -> st.SearchStrategy[bytes]:
    originals = [model_to_bytes(model) for model in _models()]
    stored = [torch.load(io.BytesIO(content), weights_only=True) for content in originals]
    legacy = io.BytesIO()
    torch.save(stored[0], legacy, _use_new_zipfile_serialization=False)
    pickles = [_member(content, "data.pkl") for content in originals]
    forged_pickles = (
        damaged(pickles, most=3)
        | st.binary(max_size=60).map(lambda rest: b"\x80\x02" + rest + b".")
        | st.sampled_from([_payload(marker, protocol) for protocol in range(6)] + _greedy_pickles())
    )
    replaced = st.builds(_replace_member, st.sampled_from(originals), st.just("data.pkl"), forged_pickles)
    bomb = _replace_member(originals[0], "data/0", bytes(BOMB_BYTES), zipfile.ZIP_DEFLATED)
    packed = st.builds(
        lambda content, method: _replace_member(content, "", b"", method),
        st.sampled_from(originals),
        st.sampled_from(ZIP_METHODS),
    )
    whole = st.sampled_from([legacy.getvalue(), *(_payload(marker, protocol) for protocol in range(6))])
    changed = _changed_models(stored)
    rare = st.integers(0, 100).flatmap(lambda n: st.just(bomb) if n == 0 else packed)
    return (
        contents([*originals, legacy.getvalue()])
        | replaced
        | changed
        | changed
        | rare
        | whole
        | damaged([_payload(marker)])
        | st.builds(_lie_about_sizes, st.sampled_from(originals), HUGE_NUMBERS)
    )


def _greedy_pickles() -> list[bytes]:
    """Pickles whose calls, all allowed to a file of tensors, take memory that the file does not have."""
    calls = [
        b"c__builtin__\nbytearray\n",
        b"ctorch\nFloatTensor\n",
        b"ctorch\nByteTensor\n",
        b"ctorch.storage\nUntypedStorage\n",
    ]
    sizes = [b"\x8a\x05" + struct.pack("<Q", 2**n)[:5] for n in (31, 33, 38)]
    return [b"\x80\x02" + call + size + b"\x85R." for call in calls for size in sizes]


def _changed_models(stored: Sequence[dict[str, Any]]) -> st.SearchStrategy[bytes]:
    """Draw a well-formed file with some other values in it."""

    @st.composite
    def changed(draw: Callable[..., Any]) -> bytes:
        model = copy.deepcopy(stored[draw(st.integers(0, len(stored) - 1))])
        for _ in range(draw(st.integers(1, 2))):
            inner = model.get(draw(st.sampled_from(["configuration", "state_dict"])))
            target = inner if draw(st.booleans()) and isinstance(inner, dict) and inner else model
            key = draw(st.sampled_from(list(target)) | ODD_TEXT | st.integers(0, 3))
            if draw(st.integers(0, 5)) == 0:
                target.pop(key, None)
            else:
                number = draw(st.integers(-1, len(tensors) - 1))
                target[key] = tensors[number] if number >= 0 else draw(values() | sizes)
        stream = io.BytesIO()
        torch.save(model, stream)
        return stream.getvalue()

    tensors, sizes = _tensors(), st.sampled_from([1, 2, 3, 20, 4096, 2**14, 2**20])
    return changed()


def _tensors() -> list[torch.Tensor]:
    shapes = [(), (0,), (3,), (6,), (3, 12), (6, 3), (2, 2), (1, 1, 1, 1)]
    unchecked: dict[str, Any] = {"check_invariants": False}
    return [
        *(torch.zeros(shape, dtype=kind) for shape in shapes for kind in (torch.float32, torch.int64, torch.complex64)),
        torch.full((3, 12), math.nan),
        torch.full((3, 12), 1e300, dtype=torch.float64),
        torch.zeros(1).expand(3, 12),
        torch.zeros(1).expand(2**20, 2**20),
        torch.zeros(3, 12, device="meta"),
        torch.zeros(2**20, 2**20, device="meta"),
        torch.sparse_coo_tensor(torch.zeros(2, 0, dtype=torch.int64), torch.zeros(0), (2**20, 2**20), **unchecked),
        torch.sparse_coo_tensor(torch.zeros(2, 0, dtype=torch.int64), torch.zeros(0), (3, 12), **unchecked),
        torch.zeros(3, 12, requires_grad=True),
        torch.nn.Parameter(torch.zeros(3, 12)),
        torch.zeros(3, 12).T,
    ]


def _member(archive: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return next(opened.read(member) for member in opened.namelist() if member.endswith(f"/{name}"))


def _replace_member(archive: bytes, name: str, content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    """Write a zip archive anew, with another content of the member of that name, if it has one."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = [(n, content if name and n.endswith(f"/{name}") else opened.read(n)) for n in opened.namelist()]
    return zip_bytes(members, method)


def _check_model(model: TrainedModel, labels: torch.Tensor) -> None:
    assert isinstance(model.configuration, Configuration)
    for number in (*model.input_shape, model.classes):
        assert type(number) is int and number >= 1
    for number in (model.epochs, model.trial, model.seed):
        assert type(number) is int and number >= 0
    assert type(model.validation_accuracy) is float and 0 <= model.validation_accuracy <= 1
    assert type(model.trained_on) is str
    assert model.head_names and all(type(name) is str for name in model.head_names)
    # A blank image has the label -1.
    assert labels.shape == (2, len(model.head_names)) and labels.min() >= -1 and labels.max() < model.classes
    assert all(bool(tensor.isfinite().all()) for tensor in model.network.state_dict().values())
    again = model_from_bytes(model_to_bytes(model), source="written again")
    assert all(map(torch.equal, again.network.state_dict().values(), model.network.state_dict().values()))


# TOML


def _toml_contents() -> st.SearchStrategy[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        resources = Resources(data_dir=Path("here"), storage="sqlite:///x.db")
        write_settings(Settings(name="x", resources=resources), Path(folder) / "x")
        saved = (Path(folder) / "x").read_bytes()
    originals = [EXAMPLE.encode(), saved]
    words = st.sampled_from(["mlp", "cnn", "relu", "tanh", "overlap-cnn", "digits", "search", "cpu", "sqlite://", "x"])
    likely = words | st.sampled_from([True, False, 0, 1, 2, 8, 64, 0.0, 0.1, 0.5, 1.0])
    others = st.datetimes() | st.dates() | st.times() | values() | likely
    names = st.sampled_from(list(HYPERPARAMETERS))
    table = st.dictionaries(
        st.sampled_from(["low", "high", "log", "value", "choices", "when"]) | ODD_TEXT,
        likely | likely | others | st.lists(likely | others, max_size=3) | st.dictionaries(names, likely | others),
        max_size=4,
    )
    ranges = st.fixed_dictionaries(
        {"low": SCALARS | likely, "high": SCALARS | likely},
        optional={"log": likely, "when": st.dictionaries(names, likely | st.lists(likely, max_size=2), max_size=2)},
    )
    entries = likely | st.lists(likely, max_size=3) | ranges | table | others
    spaces = st.dictionaries(names, entries, max_size=4) | st.dictionaries(names | ODD_TEXT, entries, max_size=4)
    # `name` is the only setting without a default.
    fields = st.sampled_from(["run_id", *SearchPlan.__dataclass_fields__, *Resources.__dataclass_fields__])
    named = st.fixed_dictionaries({"name": st.just("x")})
    chosen = st.dictionaries(fields, likely | others, max_size=2) | st.dictionaries(
        fields | ODD_TEXT, likely | others | _urls(), max_size=4
    )
    run_settings = st.builds(lambda a, b: {**a, **b}, named, chosen) | st.dictionaries(fields, likely | others)
    return contents(originals) | _lines(originals) | (spaces | run_settings).map(_toml)


def _toml(table: dict[str, Any]) -> bytes:
    # tomli_w writes lone surrogates never, but what Python cannot write in decimal it cannot either.
    return tomli_w.dumps(table).encode("utf-8", "replace")


def _urls() -> st.SearchStrategy[str]:
    parts = [
        "sqlite",
        "postgresql+psycopg",
        "x",
        "://",
        "user",
        ":",
        "@",
        "host",
        "abc",
        "99999999",
        "/",
        "[",
        "]",
        "?",
        "%",
        "\n",
    ]
    return st.lists(st.sampled_from(parts), max_size=8).map("".join) | st.builds("sqlite://h:{}/x".format, ODD_TEXT)


def _lines(originals: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Draw valid lines with hostile ones among them."""
    hostile = [
        "learning_rate = 0x" + "f" * 400,
        "hidden_units = { low = 1, high = 0x" + "f" * 400 + " }",
        "hidden_units = 0x" + "f" * 5000,
        "hidden_units = { low = 0x" + "f" * 5000 + ", high = 2 }",
        "hidden_units = " + "9" * 5000,
        "trials = " + "9" * 5000,
        "trials = 0x" + "f" * 5000,
        "seed = 0x" + "f" * 5000,
        "time_budget_s = 0x" + "f" * 400,
        "depth = " + "[" * 1500 + "]" * 1500,
        "x = " + "{a = " * 1500 + "1" + "}" * 1500,
        ".".join("a" * 800) + " = 1",
        "depth.low" + ".a" * 800 + " = 1",
        "trials" + ".a" * 800 + " = 1",
        "[" + ".".join("a" * 800) + "]",
        "[[depth]]\n[[depth]]",
        "dropout = 1979-05-27T07:32:00-23:59",
        "dropout = 0001-01-01T00:00:00+23:59",
        "a = 9999-99-99",
        '"\\u0000" = 1',
        '"\\u001b[31m" = 1',
        "when = { depth = 1 }",
        "learning_rate = nan",
        "learning_rate = { low = -inf, high = inf }",
    ]
    lines = st.sampled_from([line for original in originals for line in original.decode().splitlines()] + hostile * 2)
    return st.lists(lines, max_size=6, unique=True).map(lambda chosen: "\n".join(chosen).encode())


def _check_space(space: Space) -> None:
    for end in (0, -1):
        values = space.choose(lambda dimension: dimension.domain.bounds()[end])  # noqa: B023
        assert isinstance(space.configuration_of(values), Configuration)
    for dimension in space.dimensions:
        assert str(dimension.domain)
        kind = HYPERPARAMETERS[dimension.name].kind
        assert all(type(value) is kind for value in dimension.domain.bounds())
        assert isinstance(dimension.domain, FloatRange) == (dimension.domain.enumerate() is None)


def _check_settings(given: Settings, path: Path) -> None:
    for record in (given, given.plan, given.resources):
        for name, hint in get_type_hints(type(record)).items():
            value, kinds = getattr(record, name), get_args(hint) or (hint,)
            kinds = (tuple,) if get_origin(hint) is tuple else kinds
            fits = type(value) in kinds or (isinstance(value, Path) and Path in kinds)
            assert fits or (type(value) is int and float in kinds), f"{name} = {value!r}"
            assert type(value) is not float or math.isfinite(value), name
    write_settings(given, path)
    again = read_settings(path)
    # A password is left out of the file.
    assert replace(again, resources=replace(again.resources, storage=given.resources.storage)) == given


# Journals


def _journal_contents(journal: bytes) -> st.SearchStrategy[bytes]:
    lines = journal.splitlines(keepends=True)
    return contents([journal]) | _moved_lines(lines) | _changed_lines(lines) | _changed_lines(lines)


@st.composite
def _moved_lines(draw: Callable[..., Any], lines: Sequence[bytes]) -> bytes:
    """Draw a journal whose lines are cut, dropped, repeated, swapped or foreign."""
    moved = list(lines)
    for _ in range(draw(st.integers(1, 3))):
        one, other = (draw(st.integers(0, len(moved) - 1)) for _ in range(2))
        match draw(st.sampled_from(["cut", "drop", "repeat", "swap", "foreign"])):
            case "cut":
                moved[one] = moved[one][: draw(st.integers(0, max(0, len(moved[one]) - 1)))]
            case "drop" if len(moved) > 1:
                del moved[one]
            case "repeat":
                moved.insert(other, moved[one])
            case "swap":
                moved[one], moved[other] = moved[other], moved[one]
            case "foreign":
                moved.insert(one, draw(_foreign_lines()))
    return b"".join(moved)


def _foreign_lines() -> st.SearchStrategy[bytes]:
    named = st.fixed_dictionaries(
        {"op_code": st.integers(-1, 12) | values(), "worker_id": st.just("w") | values()},
        optional={
            "study_id": st.just(0) | values(),
            "trial_id": st.integers(0, 6) | values(),
            "study_name": st.sampled_from([STUDY, "other"]) | values(),
            "directions": st.lists(st.integers(0, 3), max_size=2) | values(),
            "user_attr": st.dictionaries(st.sampled_from(["outcome", "window:0", "window:x"]), values(), max_size=2),
            "system_attr": values(),
            "state": st.integers(0, 5) | values(),
            "values": st.lists(SCALARS, max_size=2) | values(),
            "datetime_start": st.sampled_from([None, "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00"]) | values(),
            "datetime_complete": st.sampled_from(["0001-01-01T00:00:00+14:00", "2026-01-01T00:00:00"]) | values(),
        },
    )
    texts = st.sampled_from(
        ["", "{}", "[]", "null", "[" * 3000 + "]" * 3000, "9" * 5000, '"\\ud800"', "NaN", "{", "\0"]
    )
    return (named | values()).map(_json_line) | texts.map(lambda text: text.encode() + b"\n")


@st.composite
def _changed_lines(draw: Callable[..., Any], lines: Sequence[bytes]) -> bytes:
    """Draw a journal in which a value of a line or two is another."""
    changed = list(lines)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(lines) - 1))
        changed[place] = _json_line(_change_value(draw, json.loads(changed[place])))
    return b"".join(changed)


def _change_value(draw: Callable[..., Any], tree: Any) -> Any:
    if isinstance(tree, dict | list) and tree and draw(st.integers(0, 7)):
        key = draw(st.sampled_from(list(tree) if isinstance(tree, dict) else range(len(tree))))
        if draw(st.integers(0, 9)) == 0:
            del tree[key]
        else:
            tree[key] = _change_value(draw, tree[key])
        return tree
    if isinstance(tree, str) and tree.startswith("{"):
        return json.dumps(_change_value(draw, json.loads(tree)))  # Optuna keeps distributions as JSON within JSON
    return draw(values() | st.none() | st.integers(-2, 6))


def _json_line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _check_records(records: list[TrialRecord], packs: list[Pack], told: frozenset[int]) -> None:
    assert [record.proposal.number for record in records] == list(range(len(records)))
    assert told <= set(range(len(records)))
    packed = [number for pack in packs for number in pack.trials]
    assert len(set(packed)) == len(packed) and set(packed) <= set(range(len(records)))
    for record in records:
        assert isinstance(record.proposal.configuration, Configuration)
        if record.outcome is not None:
            _check_outcome(record.outcome)
    pick_winner(rank_rows(records, run=STUDY, data=DATASETS["digits"].description), validation_images=lambda _: 100)


def _check_outcome(outcome: Outcome) -> None:
    assert outcome.state not in (TrialState.WAITING, TrialState.RUNNING)
    assert type(outcome.epochs) is int and outcome.epochs >= 0
    assert (outcome.validation is not None) == (outcome.state in (TrialState.COMPLETE, TrialState.PRUNED))
    for accuracy in (outcome.validation, outcome.test):
        for number in () if accuracy is None else (accuracy.joint, *accuracy.heads):
            assert type(number) in (int, float) and 0 <= number <= 1
    for epoch, number in outcome.curve:
        assert type(epoch) is int and type(number) in (int, float) and 0 <= number <= 1
    assert type(outcome.seconds) in (int, float) and 0 <= outcome.seconds < math.inf
    assert type(outcome.device) is str and type(outcome.reason) is str


FUZZERS: dict[str, Callable[[int, int], int]] = {
    "idx": fuzz_idx,
    "npz": fuzz_npz,
    "model": fuzz_model,
    "toml": fuzz_toml,
    "journal": fuzz_journal,
}


def main(tries: str = "10000", *formats: str) -> None:
    """Fuzz the formats named, or all of them."""
    for name in formats or FUZZERS:
        start_s = time.monotonic()
        print(f"{name}: {FUZZERS[name](int(tries), 0):,} tries, {time.monotonic() - start_s:.0f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
