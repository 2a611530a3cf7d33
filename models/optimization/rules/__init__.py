"""The update rules, a file each."""
