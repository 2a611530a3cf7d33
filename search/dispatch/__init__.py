"""Which pack is trained next, and in which order results are told. Knows nothing of Ray."""
