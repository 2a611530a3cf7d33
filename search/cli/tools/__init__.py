"""Commands that show a run in other people's tools."""
