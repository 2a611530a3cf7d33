"""New examples for a model of the user's own data, prepared as those of the training were."""
