"""Checkpoints: where the training of a pack stands between two rounds, as bytes and as files."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import torch

from packtune.files import make_folder, write_bytes
from packtune.trial import Pack

FORMAT = "packtune-checkpoint-3"

State = dict[str, Any]  # PyTorch saves any nest of dicts, lists, tensors and numbers
"""What a checkpoint holds: `PackRun` checks it as it reads it."""


def checkpoint_to_bytes(key: str, state: State) -> bytes:
    """Write the state of the training that `key` identifies."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "key": key, "state": state}, buffer)
    return buffer.getvalue()


def checkpoint_from_bytes(content: bytes, key: str) -> State | None:
    """Read the state of the training that `key` identifies, and run no code that the content may hold.

    None if the content is damaged, or belongs to another training.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        state: State = values["state"]
        return state if (values["format"], values["key"]) == (FORMAT, key) else None
    except Exception:  # damaged content raises errors of many kinds; the pack is then trained from its start
        return None


class CheckpointFolder:
    """The newest checkpoint of each pack in training, a file each."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, pack: Pack, content: bytes) -> None:
        """Keep a pack's newest checkpoint.

        Raises:
            RunError: the folder cannot be written.
        """
        make_folder(self._path)
        write_bytes(self._file(pack), content)

    def load(self, pack: Pack) -> bytes | None:
        """Give a pack's newest checkpoint, if there is one."""
        try:
            return self._file(pack).read_bytes()
        except OSError:
            return None

    def has(self, pack: Pack) -> bool:
        """Tell whether there is a checkpoint of a pack."""
        return self._file(pack).exists()

    def drop(self, pack: Pack) -> None:
        """Remove the checkpoint of a pack that has ended."""
        with contextlib.suppress(OSError):
            self._file(pack).unlink()
            self._path.rmdir()

    def clear(self) -> None:
        """Remove all checkpoints: of packs that were split, or that ended just before a crash."""
        for file in self._path.glob("pack-*.pt"):
            with contextlib.suppress(OSError):
                file.unlink()
        with contextlib.suppress(OSError):
            self._path.rmdir()

    def _file(self, pack: Pack) -> Path:
        return self._path / f"pack-{pack.number:05}-trials-{pack.trials[0]}-{pack.trials[-1]}.pt"
