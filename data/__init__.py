"""Data sets of small images: found, downloaded, checked and split the same way every time."""
