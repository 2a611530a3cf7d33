"""Packed layers: one layer of every member of a pack, computed together."""
