"""The command line with workers that write down where they train which pack: `python recorded.py FOLDER run ...`.

Every second pack waits until FOLDER/go is there, so that the test does not depend on the speed of this machine.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import ray

from packtune.cli.main import main
from packtune.worker import trainable
from packtune.worker.trainable import PackTrainable

WAIT_S = 100


class RecordedTrainable(PackTrainable):
    """Writes a file NODE-PACK for each pack, which holds the path of the code of the worker."""

    folder = Path(sys.argv[1])

    def begin(self, task):
        node, pack = ray.get_runtime_context().get_node_id(), task.pack.number
        (self.folder / f"{node}-{pack}").write_text(trainable.__file__)
        deadline_s = time.monotonic() + WAIT_S
        while pack % 2 and not (self.folder / "go").exists() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        return super().begin(task)


if __name__ == "__main__":
    os.chdir(sys.argv.pop(1))
    sys.argv[0] = "packtune"
    main(RecordedTrainable)
