"""Optuna's dashboard on the study of a run, which it can only read."""
