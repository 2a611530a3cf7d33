"""Where a pack's training stands, as a file: written between rounds, so that a long pack need not begin anew."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import torch

from packtune.files import make_folder, write_bytes
from packtune.trial import Pack

FORMAT = "packtune-checkpoint"


def checkpoint_to_bytes(key: str, state: dict[str, Any]) -> bytes:
    """Write a state of tensors and plain values; `key` says what it is the state of."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "key": key, "state": state}, buffer)
    return buffer.getvalue()


def checkpoint_from_bytes(content: bytes, key: str) -> dict[str, Any] | None:
    """Read the state of `key`; none if the content is damaged, or the state of something else. Runs no code of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        return values["state"] if (values["format"], values["key"]) == (FORMAT, key) else None
    except Exception:  # whatever is wrong with it, the pack can be trained without
        return None


class CheckpointFolder:
    """The checkpoints of a run's packs in training, a file each."""

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
        """Remove what is no longer needed."""
        with contextlib.suppress(OSError):
            self._file(pack).unlink()
            self._path.rmdir()

    def clear(self) -> None:
        """Remove what packs left that were split, or finished just before a crash."""
        for file in self._path.glob("pack-*.pt"):
            with contextlib.suppress(OSError):
                file.unlink()
        with contextlib.suppress(OSError):
            self._path.rmdir()

    def _file(self, pack: Pack) -> Path:
        return self._path / f"pack-{pack.number:05}-trials-{pack.trials[0]}-{pack.trials[-1]}.pt"
