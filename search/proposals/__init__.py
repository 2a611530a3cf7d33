"""The samplers, which propose configurations, and the packs that proposals can form."""
