"""A cluster of another version of Ray."""

from __future__ import annotations

import subprocess

import pytest
import ray

# Python runs this as each process of the node starts.
PRETEND = "import ray\n\nray.__version__ = '2.59.0'\n"


@pytest.mark.slow
def test_a_cluster_of_another_version_is_told_by_both(lone_node, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(PRETEND)
    lone_node.start_head("--include-dashboard=false", "--num-cpus=1", PYTHONPATH=str(tmp_path))
    done = subprocess.run(
        lone_node.packtune("run", "--trials", "2", "--name", "other"),
        cwd=tmp_path, env=lone_node.environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    for words in ("Version mismatch", "Ray: 2.59.0", f"Ray: {ray.__version__}", "Give all nodes the same versions"):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results/runs/other").exists()
