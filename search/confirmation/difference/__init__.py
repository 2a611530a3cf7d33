"""How far apart two configurations are, of which each was trained several times: with a 95% interval."""
