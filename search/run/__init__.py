"""A search from beginning to end: its folder, its start, its stop, and what it leaves behind."""
