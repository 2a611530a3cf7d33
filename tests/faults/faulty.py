"""The command line with workers that fail on purpose: `python faulty.py '{"exit": [5]}' run --trials 16 ...`.

The first argument is JSON: for each kind of fault, the trials whose training meets it, and under "delay_s" the longest
of the random delays before each round of a pack, drawn from "seed". Each round is reported, so that whatever is killed
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

from packtune.cli import main as cli
from packtune.execution import launch, worker
from packtune.execution.pack_run import PackRun
from packtune.execution.worker import PackTrainable

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


def spoil(run: PackRun, place: int) -> None:
    """Let the weights of one member be no numbers."""
    state = run._training.state_dict()
    with torch.inference_mode():
        for value in state["values"]:
            value[place] = math.nan
    run._training.load_state_dict(state)


class FaultyTrainable(PackTrainable):
    """Meets the faults of the plan, each time one of its trials is trained."""

    plan = PLAN

    def _step(self):
        worker.PROGRESS_INTERVAL_S = 0.0
        trials = self._task.pack.trials
        if self._run is None:
            for kind in ("raise", "memory", "exit", "kill", "segfault"):
                if set(self.plan.get(kind, ())) & set(trials):
                    fail(kind)
            self._run = PackRun(self._task, self._datasets[self._task.data])
            for trial in set(self.plan.get("nan", ())) & set(trials):
                spoil(self._run, trials.index(trial))
        draws = random.Random(f"{self.plan.get('seed')}:{trials}:{self._run.epoch}")
        time.sleep(draws.uniform(0, self.plan.get("delay_s", 0)))
        return super()._step()


if __name__ == "__main__":
    del sys.argv[1]
    sys.argv[0] = "packtune"
    launch.PackTrainable = FaultyTrainable
    cli.main()
