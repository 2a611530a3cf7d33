"""Modules that packs know no layer for: a packed layer around any `torch.nn.Module`, one module of each member."""
