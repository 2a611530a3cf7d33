"""File formats that images are read from."""
