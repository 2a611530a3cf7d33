"""Shows a search while it runs: in a terminal, in a notebook, in plain lines."""
