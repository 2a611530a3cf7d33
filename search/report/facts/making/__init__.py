"""How the facts of a report are worked out from what a run recorded. Pure functions: no file, no clock."""
