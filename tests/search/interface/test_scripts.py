"""Programs as people write them, each in a process of its own: what they may do with Ray, threads and searches."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

SMALL = 'SMALL = {"hidden_units": [8, 16], "learning_rate": [0.1, 0.3]}\n'


@pytest.fixture
def run(tmp_path):
    """Give a function that runs a program in a folder of its own, and gives the lines that it printed."""

    def run_program(text, *, command=()):
        program = tmp_path / "program.py"
        program.write_text(SMALL + textwrap.dedent(text))
        done = subprocess.run(
            [sys.executable, *command, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=250
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines(), done.stderr

    return run_program


def leaderboard(folder, name):
    return (folder / f"results/runs/{name}/leaderboard.csv").read_text().replace(name, "NAME")


@pytest.mark.slow
def test_a_script_searches_again_and_again_and_leaves_the_process_as_it_was(run, tmp_path):
    lines, talk = run(
        """
        import os
        import signal
        import sys

        import packtune

        def kept():
            rays = {n: v for n, v in os.environ.items() if n.startswith(("RAY", "TUNE", "PYTHON"))}
            return rays, [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]

        before = kept()
        results = [
            packtune.search("digits", space=SMALL, epochs=1, lookahead=4, name=name)
            for name in ("first", "second")
        ]
        print(kept() == before)
        ray = sys.modules["ray"]
        print(ray.is_initialized())
        resumed = results[0].resume(epochs=2)
        print(len(results[0].trials), len(resumed.trials), resumed.open_trials)
        """
    )
    assert lines == ["True", "False", "4 8 0"]
    assert talk == ""
    assert leaderboard(tmp_path, "first").startswith(leaderboard(tmp_path, "second").splitlines()[0])


@pytest.mark.slow
def test_a_ray_that_the_caller_started_is_used_and_left_running(run):
    lines, _ = run(
        """
        import logging
        import os
        import signal

        import ray

        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        node = ray.get_runtime_context().get_node_id()

        def kept():
            rays = {n: v for n, v in os.environ.items() if n.startswith(("RAY", "TUNE", "PYTHON"))}
            return rays, [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]

        before = kept()
        import packtune

        result = packtune.search("digits", space=SMALL, epochs=1, lookahead=4)
        print(kept() == before)
        print(ray.is_initialized(), ray.get_runtime_context().get_node_id() == node)
        print(result.open_trials, [n["Resources"]["CPU"] for n in ray.nodes()])

        @ray.remote
        def answer():
            return 42

        print(ray.get(answer.remote()))
        try:
            packtune.search("digits", trials=1, cpus_per_worker=2)
        except packtune.ClusterError as error:
            print(error)
        print(ray.is_initialized())
        """
    )
    assert lines[:4] == ["True", "True True", "0 [1.0]", "42"]
    assert "a worker needs 2 CPUs and 0 GPUs on one node, but the largest node has 1 CPUs" in lines[4]
    assert lines[5:] == ["True"]


@pytest.mark.long
def test_searches_in_threads_run_one_after_another(run, tmp_path):
    lines, talk = run(
        """
        import threading

        import packtune

        def search(name):
            found = packtune.search("digits", space=SMALL, epochs=1, lookahead=4, name=name)
            print(found.open_trials, found.winner is not None)

        threads = [threading.Thread(target=search, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """
    )
    assert lines == ["0 True"] * 2
    assert "Traceback" not in talk
    assert leaderboard(tmp_path, "one") == leaderboard(tmp_path, "two")


@pytest.mark.long
def test_a_test_searches_and_warns_of_nothing(run):
    lines, _ = run(
        """
        import packtune

        def test_search(tmp_path):
            result = packtune.search("digits", space=SMALL, epochs=1, results=tmp_path)
            assert result.open_trials == 0
        """,
        command=("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"),
    )
    assert lines[-1].startswith("1 passed")
