"""Preparing columns and channels by what the training examples say. Nothing is learnt from other splits."""
