"""Looking around: runs, trials and comparisons as records, in words, as tables and as JSON."""
