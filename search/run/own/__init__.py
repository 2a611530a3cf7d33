"""Data of the user's own in a run: found, planned with, kept in its folder and loaded again."""
