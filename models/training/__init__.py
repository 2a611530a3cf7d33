"""The training of one pack: the loop, the steps, the optimizer."""
