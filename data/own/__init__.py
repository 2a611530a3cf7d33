"""Data of the user's own: from what was read to a data set, kept beside a run, and the same for new examples."""
