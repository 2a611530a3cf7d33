"""A process that decodes pictures for another one: it is asked on its standard input, and answers on its output.

A question is a line of JSON with the form and the paths. An answer is a line of JSON with the reasons of pictures that
cannot be read, then the bytes of the facts, and then those of the images. The process ends when its input does.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, cast

import numpy as np
import numpy.typing as npt

from packtune.data.reading.pictures.batches import Batch, fill, make_empty
from packtune.data.reading.raw import PictureForm

# -P: a file in the current folder must not be imported in the place of a package's.
COMMAND = (sys.executable, "-P", "-m", "packtune.data.reading.pictures.helper")


class HelperLost(Exception):
    """The process has ended, or could not be started."""


class Helper:
    """The other end: starts the process, and hands pictures to it.

    A process of its own program, and not a fork: the caller may have threads. And not one of `multiprocessing`, which
    would run the caller's main program again.
    """

    def __init__(self) -> None:
        """Start the process. It is ready when it answers.

        Raises:
            HelperLost: it could not be started.
        """
        try:
            # In a group of its own, so that Ctrl-C reaches the caller alone, who ends it.
            self._process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                process_group=0,
            )
        except OSError as error:
            raise HelperLost from error

    def fill(self, batch: Batch, paths: Sequence[str], form: PictureForm, start: int) -> None:
        """Decode pictures into their places of a batch, from index `start` on.

        Raises:
            HelperLost: the process has ended; the places may be half written.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        stop = start + len(paths)
        try:
            _send(self._process.stdin, {"form": asdict(form), "paths": list(paths)})
            reasons = json.loads(self._process.stdout.readline())
            _receive(self._process.stdout, batch.facts[start:stop].view(np.uint8))
            _receive(self._process.stdout, batch.images[start:stop].reshape(-1))
        except (OSError, ValueError, EOFError) as error:
            raise HelperLost from error
        batch.reasons.update({start + int(index): reason for index, reason in reasons.items()})

    def stop(self) -> None:
        """End the process at once."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                _close(stream)
        self._process.wait()


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        return  # what was not yet sent, to a process that has ended


def _send(stream: IO[bytes], message: object) -> None:
    # json writes bytes of a path that are no UTF-8 (PEP 383) as escapes.
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def _receive(stream: IO[bytes], place: npt.NDArray[np.uint8]) -> None:
    if cast(io.BufferedReader, stream).readinto(place.data) != place.nbytes:
        raise EOFError


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer questions until there are no more."""
    for line in questions:
        question = json.loads(line)
        form = PictureForm(**question["form"])
        batch = make_empty(len(question["paths"]), form)
        fill(batch, question["paths"], form)
        _send(answers, batch.reasons)
        answers.write(batch.facts.tobytes())
        answers.write(batch.images.data)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
