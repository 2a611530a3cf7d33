"""The commands that look around among runs, and what a shell completes."""
