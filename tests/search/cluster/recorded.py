"""The command line with workers that write down where they train which pack: `python recorded.py FOLDER run ...`.

So that nothing depends on the speed of this machine, every second pack waits for a node that is still to come: until
FOLDER/go is there.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import ray

from packtune.cli import main as cli
from packtune.execution import launch, worker
from packtune.execution.worker import PackTrainable

WAIT_S = 100


class RecordedTrainable(PackTrainable):
    """Leaves a file NODE-PACK for each pack, with the place that the worker's code came from."""

    folder = Path(sys.argv[1])

    def _step(self):
        if self._run is None:
            node, pack = ray.get_runtime_context().get_node_id(), self._task.pack.number
            (self.folder / f"{node}-{pack}").write_text(worker.__file__)
            deadline_s = time.monotonic() + WAIT_S
            while pack % 2 and not (self.folder / "go").exists() and time.monotonic() < deadline_s:
                time.sleep(0.05)
        return super()._step()


if __name__ == "__main__":
    os.chdir(sys.argv.pop(1))
    sys.argv[0] = "packtune"
    launch.PackTrainable = RecordedTrainable
    cli.main()
