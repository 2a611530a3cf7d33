"""The reference notebook trained again, and compared with its published numbers."""
