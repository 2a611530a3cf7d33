"""A network of the user's own in a run: found, checked, kept to be looked at, and asked for again."""
