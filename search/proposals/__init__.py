"""Who proposes configurations: the samplers, and which proposals can be trained as one pack."""
