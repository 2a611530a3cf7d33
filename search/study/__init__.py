"""What is recorded: the study of every trial, and the storage that it is kept in."""
