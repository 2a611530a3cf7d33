"""The weights of a pack, their gradients, and the optimizer that updates them."""
