"""What may be proposed: spaces, the built-in ones, and those that a user writes as TOML."""
