"""The built-in spaces, a file each, which the catalog lists."""
