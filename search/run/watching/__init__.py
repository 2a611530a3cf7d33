"""Watching a run that another process carries out: what that one notes, and how it is read."""
