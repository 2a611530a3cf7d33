"""The winner of a run as a file: which network, how good it is, and its model card."""
