"""Looking around from Python: all runs, one run or trial in detail, and two runs compared."""
