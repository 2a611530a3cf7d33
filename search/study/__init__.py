"""What is recorded: the study of every trial, and the storage that keeps it. Proposes nothing."""
