"""Packed layers: one plain PyTorch layer of every member of a pack, with hand-written gradients.

A pack's values have one of four shapes between layers; `packtune.models.layers.packed_layer` defines them.
"""
