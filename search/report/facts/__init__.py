"""The facts of a report: plain records, and how they are worked out. Knows nothing of HTML, pandas or Optuna."""
