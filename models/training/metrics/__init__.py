"""Metrics: how well a network names the classes of a split, as one number. A search goes by one of them."""
