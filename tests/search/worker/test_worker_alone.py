"""A worker needs Ray and PyTorch, not what the driver needs; training needs PyTorch and NumPy alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"{{name}} is blocked here")

sys.meta_path.insert(0, Block())
"""
TRAIN = """
from packtune.data.sets import digits
from packtune.models.configuration import Configuration
from packtune.models.training.pack_training import Member, PackTraining

training = PackTraining([Member(configuration=Configuration(), seed=s) for s in (1, 2)], digits.load(), batch_seed=0)
training.train_epoch()
print("trained", len(training.evaluate(digits.load().validation)))
"""
RUN_PACK = """
import packtune.worker.trainable
from packtune.data.sets import digits
from packtune.models.configuration import Configuration
from packtune.dispatch.pack_task import PackTask
from packtune.worker.pack_run import run_pack
from packtune.trial import Pack, Proposal

pack = Pack(number=0, proposals=(Proposal(number=0, configuration=Configuration(), seed=1),))
report = run_pack(PackTask(pack=pack, data="digits", epochs=1, batch_seed=0), digits.load())
print("trained", report.outcomes[0].state.value)
"""


def run(blocked, code):
    return subprocess.run(
        [sys.executable, "-c", BLOCK.format(blocked=blocked) + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_worker_needs_no_optuna_and_nothing_that_writes_tables():
    done = run({"optuna", "tabulate", "typer", "sqlalchemy", "tomli_w", "rich"}, RUN_PACK)
    assert done.stdout.strip() == "trained COMPLETE", done.stderr


def test_training_needs_neither_ray_nor_optuna():
    done = run({"ray", "optuna", "pandas", "tabulate", "typer", "rich", "sqlalchemy", "scipy"}, TRAIN)
    assert done.stdout.strip() == "trained 2", done.stderr


def test_the_block_blocks():
    assert "optuna is blocked here" in run({"optuna"}, "import optuna").stderr
