"""Files of trained models that are read back: their content, and the two formats. Knows nothing of runs."""
