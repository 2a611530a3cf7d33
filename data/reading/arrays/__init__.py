"""Arrays of examples and labels, from archives, IDX files and Python programs."""
