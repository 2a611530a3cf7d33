"""The commands that search: `run` and `resume`."""
