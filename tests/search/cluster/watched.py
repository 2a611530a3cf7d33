"""The command line with workers that write down which files of a folder they open: `python watched.py FOLDER run ...`.

FOLDER is where the user's data and the results lie. Another machine would not have it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from packtune.cli.main import main
from packtune.worker.trainable import PackTrainable


class WatchedTrainable(PackTrainable):
    """Writes a file RECORDS/PROCESS, with a line for each file under the folder that the worker opened."""

    folder = Path(sys.argv[1])

    def setup(self, config, **shared):
        record = self.folder.with_name("records") / str(os.getpid())
        record.touch()

        def watch(event, arguments):
            if event in ("open", "os.listdir", "os.scandir") and str(self.folder) in str(arguments[0]):
                descriptor = os.open(record, os.O_WRONLY | os.O_APPEND)
                os.write(descriptor, f"{arguments[0]}\n".encode())
                os.close(descriptor)

        sys.addaudithook(watch)
        os.listdir(self.folder)  # this is noted, so what else is opened would be too
        super().setup(config, **shared)


if __name__ == "__main__":
    os.chdir(sys.argv.pop(1))
    sys.argv[0] = "packtune"
    main(WatchedTrainable)
