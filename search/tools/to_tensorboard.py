"""Writes event files for TensorBoard into the folder of a run: a folder a trial, with its hyperparameters and curve.

A file is written once its trial has ended, and appears whole: TensorBoard may be reading meanwhile.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from packtune.files import make_folder, write_bytes
from packtune.report.console import shell_word
from packtune.tools.facts import curve_of, hyperparameters_of, numbers_of
from packtune.tools.listener import About, Conclusion, Finished, Listener
from packtune.trial import Outcome, TrialState

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

FOLDER = "tensorboard"
VERSION = "brain.Event:2"
"""The first event of a file names its format, see `tensorflow/core/util/events_writer.h`."""


class TensorBoardListener(Listener):
    """Writes event files.

    Args:
        now_s: gives the time in seconds since 1970.
    """

    title = "TensorBoard"
    start_s = 0.15

    def __init__(self, about: About, *, now_s: Callable[[], float] = time.time) -> None:
        self._folder = about.folder / FOLDER
        self._now_s = now_s
        self.where = f"tensorboard --logdir {shell_word(str(self._folder))}"
        self.later = f"{about.resume} --tensorboard"

    def look(self) -> None:
        pass  # files are written, and whoever reads them need not be there

    def begin(self) -> set[str]:
        make_folder(self._folder)
        files = self._folder.rglob("events.out.tfevents.*")
        return {file.parent.relative_to(self._folder).as_posix() for file in files}

    def add(self, finished: Finished) -> None:
        ended_s = self._now_s()
        folder = make_folder(self._folder / finished.key)
        # TensorBoard reads each file whose name has "tfevents" in it, so the unfinished one has another name.
        draft = self._folder / "draft"
        write_bytes(draft, _event_file(finished, ended_s))
        os.replace(draft, folder / f"events.out.tfevents.{int(ended_s):010}.packtune")

    def conclude(self, conclusion: Conclusion) -> None:
        pass  # each trial is whole by itself


def _event_file(finished: Finished, ended_s: float) -> bytes:
    """Write the events of a training, as the content of an event file."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    content = io.BytesIO()
    writer = RecordWriter(content)
    for event in events_of(finished, ended_s):
        writer.write(event.SerializeToString())
    return content.getvalue()


def events_of(finished: Finished, ended_s: float) -> Iterator[Event]:
    """Give the events of a training: its hyperparameters, its curve, its numbers, and its end.

    Args:
        ended_s: when it ended, in seconds since 1970.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    outcome = finished.outcome
    started_s = ended_s - outcome.seconds
    yield Event(wall_time=started_s, file_version=VERSION)
    values = hparams_pb(hyperparameters_of(finished), trial_id=finished.key, start_time_secs=started_s)
    yield Event(wall_time=started_s, summary=values)
    name, curve = curve_of(outcome)
    for epoch, score in curve:
        at_s = started_s + (ended_s - started_s) * epoch / max(1, outcome.epochs)
        yield Event(wall_time=at_s, step=epoch, summary=_scalar(name, score))
    for name, number in numbers_of(outcome).items():
        yield Event(wall_time=ended_s, step=outcome.epochs, summary=_scalar(name, number))
    yield Event(wall_time=ended_s, summary=_end(outcome, ended_s))


def _scalar(name: str, number: float) -> Summary:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary(value=[Summary.Value(tag=name, simple_value=number)])


def _end(outcome: Outcome, ended_s: float) -> Summary:
    """Say how a training ended, as the hparams plugin shows it."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    has_network = outcome.state in (TrialState.COMPLETE, TrialState.PRUNED)
    status = api_pb2.STATUS_SUCCESS if has_network else api_pb2.STATUS_FAILURE
    ended = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=ended_s)
    about = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(session_end_info=ended))
    value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=about, tensor=metadata.NULL_TENSOR)
    return Summary(value=[value])
