"""Networks of the user's own: their source, how it is run, and how it is found again by the name of its network."""
