"""Storages of studies in other ways than the one driver has them: read only, and to be removed."""
