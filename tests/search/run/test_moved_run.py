"""A run that was moved, copied, renamed, archived or touched: it is found, shown by its present name, and goes on."""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
import subprocess
import sys

import optuna
import pytest
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

import packtune
from packtune.dispatch.dispatcher import Dispatcher
from packtune.errors import RunError
from packtune.interface.commands import retrain_command
from packtune.models.hardware.precision import Precision
from packtune.run.ending import conclude, read_ending
from packtune.run.extension import extend_run
from packtune.run.find import find_run
from packtune.run.folder import RunFolder
from packtune.run.records import open_study, read_records
from packtune.study.storage import open_storage

CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


@pytest.fixture
def finish(train):
    """Give a function that trains what is open in a run, and writes its tables."""

    def finish(run):
        with open_storage(run.folder.journal, run.settings.resources.storage) as storage:
            study = open_study(run, storage)
            dispatcher = Dispatcher(study, run.settings.plan.settle(precision=Precision.FLOAT32, lookahead=4))
            while (task := dispatcher.next_pack()) is not None:
                dispatcher.receive(task.pack, train(task))
            study.requeue()
            return conclude(run, study.records())

    return finish


@pytest.fixture
def base(tmp_path, make_folder, finish):
    """Give the folder of a finished run named base."""
    folder = make_folder(tmp_path / "results", "base", trials=6, sampler="random", epochs=3)
    finish(folder.load())
    return folder


def names_in(run):
    return {row.run for row in read_ending(run).rows}


def test_a_copy_is_shown_by_its_own_name_wherever_it_lies(tmp_path, base):
    rows = read_ending(find_run("base", base.results)).rows
    for place in (base.path.parent / "copy", base.path.parent / "base old", tmp_path / "archive" / "über"):
        shutil.copytree(base.path, place)
        found = find_run(str(place), tmp_path / "elsewhere")
        assert names_in(found) == {place.name}
        assert [row.trial for row in read_ending(found).rows] == [row.trial for row in rows]
        assert packtune.load(place).name == place.name
        assert len(packtune.leaderboard(place, base.path)) == 2 * len(rows)
    for name in ("copy", "base old"):
        assert find_run(name, base.results).folder.path == base.path.parent / name


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_a_run_from_an_archive_is_read_and_goes_on(tmp_path, base, finish, kind):
    archive = shutil.make_archive(str(tmp_path / "base"), kind, base.path.parent, "base")
    with pytest.raises(RunError, match="is a file: give the folder of a run, and extract it first if it is in an arch"):
        find_run(archive, base.results)
    shutil.rmtree(base.results)
    shutil.unpack_archive(archive, tmp_path / "here", filter="data" if kind == "gztar" else None)
    with pytest.raises(RunError, match=r"That folder is none, but has in it: .*/here/base\."):
        find_run(str(tmp_path / "here"), base.results)
    found = find_run(str(tmp_path / "here" / "base"), base.results)
    longer = extend_run(found, trials="+2", epochs=None)
    assert len(finish(longer).records) == 8
    assert names_in(longer) == {"base"}


def test_commands_to_paste_name_the_folder_where_the_name_would_not_find_it(tmp_path, base):
    assert base.command("best").endswith(f" best base --results {base.results}")
    moved = base.path.rename(tmp_path / "base old")
    assert RunFolder.at(moved).command("best").endswith(f" best '{moved}'")


def test_a_run_is_shown_with_a_name_that_every_table_can_hold(base):
    place = base.path.parent / os.fsdecode(b"caf\xe9\n2")
    shutil.copytree(base.path, place)
    found = find_run(str(place), base.results)
    conclude(found, read_records(found))
    assert names_in(found) == {"caf\\xe9\\n2"}
    assert "caf\\xe9\\n2" in found.folder.winner_space.read_text()


def read_only(folder):
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def obey_permissions():
    """Let even root obey the permissions of files."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


READ = """
import sys
import packtune
from packtune.cli.commands import app

folder = sys.argv[1]
try:
    open(folder + "/x", "w")
except PermissionError:
    print("read-only")
app(["leaderboard", folder], standalone_mode=False)
app(["best", folder], standalone_mode=False)
print(packtune.load(folder).name)
"""


def test_a_run_in_a_read_only_archive_is_read(tmp_path, base):
    place = shutil.copytree(base.path, tmp_path / "archive")
    (place / "winner.toml").unlink()
    before = sorted(place.iterdir())
    read_only(place)
    command = [sys.executable, "-c", READ, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=obey_permissions)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "read-only"
    assert any(line.startswith("Winner: trial") for line in lines)
    assert lines[-1] == "archive"
    assert sorted(place.iterdir()) == before


def another_program(run):
    """Open the study as a program does that knows Optuna alone."""
    url = run.settings.resources.storage
    storage = RDBStorage(url) if url else JournalStorage(JournalFileBackend(str(run.folder.journal)))
    return optuna.load_study(study_name=run.settings.name, storage=storage)


@pytest.fixture(params=["journal", "sqlite"])
def in_each_storage(request, tmp_path, make_folder, finish):
    storage = None if request.param == "journal" else f"sqlite:///{tmp_path}/studies.db"
    folder = make_folder(tmp_path / "results", "touched", trials=6, sampler="random", epochs=3, storage=storage)
    finish(folder.load())
    return find_run("touched", folder.results)


def test_trials_that_another_program_added_are_passed_over_and_named_when_others_are_to_follow(in_each_storage):
    before = read_records(in_each_storage)
    another_program(in_each_storage).enqueue_trial({"hidden_units": 32})
    another_program(in_each_storage).ask()
    another_program(in_each_storage).ask({"x": optuna.distributions.FloatDistribution(0, 1)})
    assert read_records(in_each_storage) == before
    assert in_each_storage.settings.plan.trials == 6
    with open_storage(in_each_storage.folder.journal, in_each_storage.settings.resources.storage) as storage:
        assert len(open_study(in_each_storage, storage).trials) == 6
    with pytest.raises(
        RunError, match=r"has trials that another program added, from trial 6 on, .*: restore it from a"
    ):
        extend_run(in_each_storage, trials="+2", epochs=None)
    assert find_run("touched", in_each_storage.folder.results).settings.plan.trials == 6


def test_what_another_program_notes_changes_nothing(in_each_storage):
    before = read_records(in_each_storage)
    study = another_program(in_each_storage)
    study.set_user_attr("comment", "the best so far")
    study.set_user_attr("windows", ["no window of ours"])
    assert read_records(in_each_storage) == before


def test_a_deleted_trial_is_missed(tmp_path, make_folder, finish):
    storage = f"sqlite:///{tmp_path}/studies.db"
    folder = make_folder(tmp_path / "results", "x", trials=4, sampler="random", epochs=3, storage=storage)
    finish(folder.load())
    with sqlite3.connect(tmp_path / "studies.db") as database:
        database.execute("DELETE FROM trials WHERE number = 1")
    with pytest.raises(RunError, match="trial 1 of the study 'x' is missing: another program deleted it. Restore"):
        read_records(folder.load())


def test_a_study_that_was_renamed_is_found_by_the_runs_id(in_each_storage, finish):
    before = read_records(in_each_storage)
    folder = in_each_storage.folder
    if in_each_storage.settings.resources.storage:
        with sqlite3.connect(folder.results.parent / "studies.db") as database:
            database.execute("UPDATE studies SET study_name = 'renamed'")
    else:
        folder.journal.write_text(folder.journal.read_text().replace('"touched"', '"renamed"', 1))
    assert read_records(in_each_storage) == before
    assert len(finish(extend_run(in_each_storage, trials="+1", epochs=None)).records) == 7


def test_a_copied_folder_goes_on_only_if_it_has_a_study_of_its_own(tmp_path, in_each_storage, finish):
    run = in_each_storage
    copied = shutil.copytree(run.folder.path, run.folder.path.with_name("copy"))
    copy = find_run(str(copied), run.folder.results)
    assert read_records(copy) == read_records(run)
    if run.settings.resources.storage is None:
        assert len(finish(extend_run(copy, trials="+1", epochs=None)).records) == 7
        assert len(read_records(run)) == 6
        return
    for _ in range(2):
        with pytest.raises(
            RunError, match=r"/copy is a copy of the run in .*/touched, and both have their study in sq"
        ):
            extend_run(copy, trials="+1", epochs=None)
    assert find_run(str(copied), run.folder.results).settings.plan.trials == 6
    with pytest.raises(RunError, match="is a copy of the run in"):
        finish(copy)
    shutil.copy(tmp_path / "studies.db", tmp_path / "copied.db")
    apart = find_run(str(copied), run.folder.results, storage=f"sqlite:///{tmp_path}/copied.db")
    assert len(finish(extend_run(apart, trials="+1", epochs=None)).records) == 7
    assert len(read_records(run)) == 6


def test_a_folder_that_was_moved_or_linked_is_no_copy(tmp_path, in_each_storage, finish):
    folder = in_each_storage.folder
    moved = folder.path.rename(tmp_path / "moved")
    assert len(finish(extend_run(find_run(str(moved), folder.results), trials="+1", epochs=None)).records) == 7
    (tmp_path / "link").symlink_to(moved)
    linked = find_run(str(tmp_path / "link"), folder.results)
    assert len(finish(extend_run(linked, trials="+1", epochs=None)).records) == 8
    moved.rename(folder.path)
    assert len(finish(extend_run(find_run("touched", folder.results), trials="+1", epochs=None)).records) == 9


def test_settings_that_were_touched_by_an_editor_are_read(base):
    text = base.settings.read_text().replace('name = "base"', 'name = "other"').replace("\n", "\r\n")
    base.settings.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert names_in(find_run("base", base.results)) == {"base"}


def test_a_winners_file_that_was_touched_is_no_obstacle(base):
    base.winner_space.write_bytes(b"\xff\xfe\x00")
    command = [sys.executable, "-m", "packtune", "best", str(base.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert base.winner_space.read_text().startswith("# Trial ")


def test_data_that_lie_elsewhere_now_can_be_named(tmp_path, make_folder):
    gone, here = tmp_path / "gone", tmp_path / "here"
    gone.mkdir()
    make_folder(tmp_path, "x", data="mnist", data_dir=gone)
    assert find_run("x", tmp_path).settings.resources.data_dir == gone
    assert find_run("x", tmp_path, data_dir=here).settings.resources.data_dir == here
    gone.rmdir()
    found = find_run("x", tmp_path)
    assert found.settings.resources.data_dir is None
    assert "--data-dir" not in retrain_command(found)
