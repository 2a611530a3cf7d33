"""The command that writes reports."""
