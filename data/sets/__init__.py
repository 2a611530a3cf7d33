"""The built-in data sets, a module for each."""
