"""Numbering classes and splitting examples into training, validation and test, without leaks."""
