"""A terminal that is looked at, and a search in its midst."""

from __future__ import annotations

import io
import threading
from collections import Counter

import pyte
import pytest
from rich.console import Console

from packtune.dispatch.standing import Leader, Pace, PackProgress, Standing
from packtune.models.configuration import Configuration
from packtune.trial import TrialState


class Terminal(io.StringIO):
    """A terminal emulator, and a console that draws on it."""

    def __init__(self, columns, rows):
        super().__init__()
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.Stream(self.screen)
        self._using = threading.Lock()
        self.console = Console(file=self, force_terminal=True, width=columns, height=rows)

    def write(self, text):
        with self._using:
            self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)

    def resize(self, columns, rows):
        with self._using:
            self.screen.resize(rows, columns)
            self.console.size = (columns, rows)

    @property
    def lines(self):
        """What is on the screen, without the blank lines below it."""
        with self._using:
            return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")


@pytest.fixture
def terminal():
    return Terminal


def leader(trial, score, **changes):
    return Leader(trial=trial, score=score, values=tuple(Configuration(**changes).used().items()))


@pytest.fixture
def midst():
    """A search of 200 trials in its midst, with two packs in training."""
    return Standing(
        trials=200,
        finished=Counter({TrialState.COMPLETE: 60, TrialState.PRUNED: 50, TrialState.DIVERGED: 3}),
        running=17,
        under_way=8.5,
        best=(117, 0.9873),
        leaders=(
            leader(117, 0.9873, learning_rate=0.0123456789),
            leader(31, 0.98, batch_size=128),
            leader(3, 0.975, activation="gelu"),
            leader(4, 0.97, hidden_units=256),
            leader(9, 0.96, depth=3),
        ),
        rise=((1, 0.3), (3, 0.91), (9, 0.95), (40, 0.97), (80, 0.98), (100, 0.9873)),
        packs=(
            PackProgress(number=9, architecture="mlp", members=16, epochs=6, of_epochs=10),
            PackProgress(number=12, architecture="cnn", members=1, epochs=0, of_epochs=10),
        ),
        pace=Pace(per_minute=34.2, left_s=(200.0, 330.0)),
    )
