"""The command line with workers that fail on purpose: `python faulty.py '{"exit": [5]}' run --trials 16 ...`.

The first argument is JSON: for each kind of fault, the trials whose training meets it, or with "confirming" the
trainings of finalists; and under "delay_s" the longest of the random delays before each round of a pack, drawn from
"seed". Each round is reported, so that whatever is killed
is killed between two checkpoints.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import signal
import sys
import time

import torch

from packtune.cli.main import main
from packtune.worker.pack_run import PackRun
from packtune.worker.trainable import PackTrainable

PLAN = json.loads(sys.argv[1]) if __name__ == "__main__" else {}


def fail(kind: str) -> None:
    """Make a worker fail in one of the ways there are."""
    match kind:
        case "raise":
            raise RuntimeError("=this member cannot be trained | <b>")
        case "memory":
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (32 << 30, hard))
            try:
                torch.ones(1 << 34)  # 64 GiB
            finally:
                resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        case "exit":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)


def spoil(run: PackRun, member: int) -> None:
    """Fill the weights of one member with NaN."""
    state = run._training.state_dict()
    with torch.inference_mode():
        for value in state["values"]:
            value[member] = math.nan
    run._training.load_state_dict(state)


class FaultyTrainable(PackTrainable):
    """Meets the faults of the plan, each time one of its trials is trained."""

    plan = PLAN
    progress_interval_s = 0.0

    def begin(self, task):
        # Only in a confirmation, the answers are wanted.
        trials = task.pack.trials if task.wants_answers == self.plan.get("confirming", False) else ()
        for kind in ("raise", "memory", "exit", "kill", "segfault"):
            if set(self.plan.get(kind, ())) & set(trials):
                fail(kind)
        run = super().begin(task)
        for trial in set(self.plan.get("nan", ())) & set(trials):
            spoil(run, trials.index(trial))
        return run

    def next_message(self):
        epoch = self._run.epoch if self._run else 0
        draws = random.Random(f"{self.plan.get('seed')}:{self._task.pack.trials}:{epoch}")
        time.sleep(draws.uniform(0, self.plan.get("delay_s", 0)))
        return super().next_message()


if __name__ == "__main__":
    del sys.argv[1]
    sys.argv[0] = "packtune"
    main(FaultyTrainable)
