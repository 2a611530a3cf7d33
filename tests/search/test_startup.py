"""What makes a search start quickly: processes that are warm when they are needed, and imports undisturbed."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from packtune.execution import connection
from packtune.execution.connection import cpus_of
from packtune.settings import Resources
from packtune.startup import quick_imports

pytestmark = pytest.mark.slow

# A trial's actor must find a process that Ray started by itself, for no actor and no environment, and that has
# imported what trains. Ray Tune wraps every trainable with its class cache.
WARM = """
import os, sys
from packtune.execution.connection import connection
from packtune.settings import Resources

class Probe:
    def look(self):
        return "packtune.worker.trainable" in sys.modules, "PL_DISABLE_FORK" in os.environ


with connection(Resources(workers=1), print) as opened:
    opened.placement()
    import ray
    from ray.tune.execution.class_cache import _ActorClassCache
    import packtune.execution.launch

    actor = _ActorClassCache().get(Probe).remote()
    print(*ray.get(actor.look.remote()), int(ray.cluster_resources()["CPU"]))
"""


def test_a_trial_begins_in_a_process_that_has_imported_everything(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WARM], cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "False", "1"]


def test_the_collector_rests_during_imports_only():
    with quick_imports():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError), quick_imports():
        raise ImportError
    assert gc.isenabled()


def test_what_was_imported_is_left_alone():
    before = gc.get_freeze_count()
    with quick_imports():
        kept = [[] for _ in range(100)]
    assert gc.get_freeze_count() >= before + len(kept)
    gc.unfreeze()


@pytest.mark.parametrize(
    ("workers", "cpus_per_worker", "cpus"),
    [(None, 1.0, 10**6), (1, 1.0, 1), (1, 0.5, 1), (3, 0.5, 2), (2, 3.0, 6), (10**7, 1.0, 10**6)],
)
def test_a_local_ray_has_the_processors_that_its_workers_use(monkeypatch, workers, cpus_per_worker, cpus):
    monkeypatch.setattr(connection, "usable_cpus", lambda: 10**6)
    assert cpus_of(Resources(workers=workers, cpus_per_worker=cpus_per_worker)) == cpus
