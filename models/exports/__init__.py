"""Trained models as files of other programs, with the preparation inside. Knows nothing of runs."""
