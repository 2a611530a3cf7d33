"""Event files as TensorBoard itself reads them: its server is started on them."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from packtune.files import write_bytes
from packtune.models.configuration import Configuration
from packtune.run.listening.audience import Audience
from packtune.run.listening.everything import everything_of
from packtune.tools.listener import Finished
from packtune.tools.options import Tools
from packtune.trial import Outcome, Proposal, TrialState

pytest.importorskip("tensorboard")
ENDED_S = 1_800_000_000.0


@pytest.fixture
def written(searched, tmp_path):
    """Write the event files of a run into a folder of the test's own; give it, and what it is told at the end."""
    run, ending = searched
    said = []
    audience = Audience(_in(run, tmp_path), Tools(tensorboard=True), said.append)
    with audience.told_at_the_end(ending):
        assert said == []
    return tmp_path / "tensorboard", said


def _in(run, folder):
    from packtune.run.folder import RunFolder

    there = RunFolder(folder.parent, folder.name, path=folder)
    there.journal = run.folder.journal
    return replace(run, folder=there)


def test_the_user_is_told_the_command_that_shows_them(written):
    folder, said = written
    assert said == [f"TensorBoard: tensorboard --logdir {folder}"]


@pytest.mark.slow
def test_tensorboard_shows_curves_and_hyperparameters(written, searched, serve, free_port):
    folder, _ = written
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--host", "127.0.0.1"]
    server = serve([*command, "--port", str(free_port), "--load_fast", "false"], f"http://127.0.0.1:{free_port}").wait()
    everything = {each.key: each for each in everything_of(*searched)}
    tags = server.get("/data/plugin/scalars/tags")
    while len(tags) < len(everything):  # the server reads one folder after another
        tags = server.get("/data/plugin/scalars/tags")
    assert set(tags) == set(everything)
    for key, finished in everything.items():
        if finished.outcome.validation is not None:
            assert set(tags[key]) == {"validation_accuracy", "test_accuracy", "training_seconds", "epochs"}
            points = server.get(f"/data/plugin/scalars/scalars?run={key}&tag=validation_accuracy")
            assert [(step, pytest.approx(value, abs=1e-6)) for _, step, value in points] == list(finished.outcome.curve)
    groups = server.post("/data/plugin/hparams/session_groups", _request(server))["sessionGroups"]
    assert {group["name"] for group in groups} == set(everything)
    for group in groups:
        configuration = everything[group["name"]].proposal.configuration.counting()
        assert group["hparams"]["hidden_units"] == configuration["hidden_units"]
        assert group["hparams"]["learning_rate"] == pytest.approx(configuration["learning_rate"])
        assert group["sessions"][0]["status"] == "STATUS_SUCCESS"


def _request(server):
    """Ask for all groups, as TensorBoard's page does."""
    experiment = server.post("/data/plugin/hparams/experiment", {"experimentName": ""})
    return {
        "experimentName": "",
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
        "colParams": [{"hparam": info["name"]} for info in experiment["hparamInfos"]],
        "startIndex": 0,
        "sliceSize": 1000,
    }


def test_a_later_session_writes_what_is_missing_and_leaves_the_rest(written, searched, tmp_path):
    folder, _ = written
    run, ending = searched
    files = sorted(folder.rglob("events*"))
    files[0].unlink()
    before = {file: file.stat().st_mtime_ns for file in files[1:]}
    with Audience(_in(run, tmp_path), Tools(tensorboard=True), print).told_at_the_end(ending):
        pass
    assert {file.parent for file in folder.rglob("events*")} == {file.parent for file in files}
    assert {file: file.stat().st_mtime_ns for file in files[1:]} == before


def test_a_folder_that_cannot_be_written_is_told_with_the_command_that_writes_it_later(searched, tmp_path):
    run, ending = searched
    write_bytes(tmp_path / "tensorboard", b"a file")
    said = []
    with Audience(_in(run, tmp_path), Tools(tensorboard=True), said.append).told_at_the_end(ending):
        pass
    assert len(said) == 1
    assert said[0].startswith("TensorBoard did not get ")
    assert said[0].endswith(f"resume {tmp_path} --tensorboard")


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.DIVERGED])
def test_a_training_without_a_network_is_a_failed_session(tmp_path, state):
    from tensorboard.plugins.hparams import plugin_data_pb2

    from packtune.tools.to_tensorboard import events_of

    outcome = Outcome(state=state, epochs=1, reason="it broke", seconds=2.0)
    proposal = Proposal(number=3, configuration=Configuration(), seed=0)
    *_, last = events_of(Finished(proposal=proposal, outcome=outcome), ENDED_S)
    content = last.summary.value[0].metadata.plugin_data.content
    ended = plugin_data_pb2.HParamsPluginData.FromString(content).session_end_info
    assert (ended.status, ended.end_time_secs) == (2, ENDED_S)
