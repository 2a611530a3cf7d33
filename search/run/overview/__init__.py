"""All runs at a glance: which there are, which are in use, how they stand, and how they are removed."""
