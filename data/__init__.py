"""Data sets of small images: find, download, check and split them, with the same result every time."""
