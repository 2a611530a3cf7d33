"""The names of the files of a report, in the folder of its run."""

from __future__ import annotations

PAGE, MARKDOWN, JSON = "report.html", "report.md", "report.json"
PROGRESS, LEADERS = "report-progress.svg", "report-leaders.svg"
"""Pictures of the Markdown."""
