"""Workers that wait, for the next stage or for the results of other packs, are kept."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ray.tune.utils.object_cache import _ObjectCache

import packtune.execution.launch  # noqa: F401  # changes what Ray Tune keeps
from packtune.execution.lean_ray import keep_idle_actors

COUNTING = """
import sys
import packtune
from ray.tune.execution.tune_controller import TuneController

ended, end = [], TuneController._remove_actor

def count(controller, tracked_actor):
    if tracked_actor in controller._started_actors and not controller._search_alg.is_finished():
        ended.append(tracked_actor)
    end(controller, tracked_actor)

TuneController._remove_actor = count
options = dict(trials=12, epochs=5, workers=2, lookahead=2, confirm=True)
result = packtune.search("digits", **options, results=sys.argv[1])
assert result.winner.accuracy is not None  # of the last stage
print("ended before the end", len(ended))
"""


def test_all_idle_actors_are_kept_until_the_end():
    keep_idle_actors()
    cache = _ObjectCache(may_keep_one=True)
    assert all(cache.cache_object(key, actor) for key, actor in (("cpu", "a"), ("cpu", "b"), ("gpu", "c")))
    assert list(cache.flush_cached_objects()) == []
    assert cache.pop_cached_object("cpu") == "a"
    assert cache.num_cached_objects == 2
    assert set(cache.flush_cached_objects(force_all=True)) == {"b", "c"}
    assert cache.num_cached_objects == 0
    assert not cache.has_cached_object("cpu")


@pytest.mark.slow
def test_no_actor_of_a_search_with_its_confirmation_ends_before_the_end(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", COUNTING, str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.endswith("ended before the end 0\n"), done.stdout + done.stderr
