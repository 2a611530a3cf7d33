"""The report of a result, for a Python program."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.run.ending import Ending
from packtune.run.folder import Run

if TYPE_CHECKING:
    from packtune.report.facts.report import ReportFacts


class Reported:
    """What a result has of its report.

    Attributes:
        run: with its folder, settings and space.
        ending: what its study says.
    """

    run: Run
    ending: Ending

    @cached_property
    def facts(self) -> ReportFacts:
        """All that a report tells, as records; the winner's kept network labels examples for it, see docs/report.md."""
        from packtune.run.own.keeping import load_data
        from packtune.run.reporting.writing import facts_of

        return facts_of(self.run, self.ending, partial(load_data, self.run))

    def report(self) -> Path:
        """Write the report into the folder of the run, as `packtune report` does, and give its path.

        Raises:
            RunError: a file cannot be written.
        """
        from packtune.run.reporting.writing import write_facts

        return write_facts(self.run, self.facts)[0]
