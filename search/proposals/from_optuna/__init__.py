"""Samplers of Optuna, which propose one trial at a time, and a space in the words of Optuna."""
