"""Packed normalization layers: over the examples of a mini-batch, and over the units of an example."""
