"""Counts what a search has done, for its standing."""
