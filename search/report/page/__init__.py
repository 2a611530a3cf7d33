"""The page of a report: its parts, its charts, and the HTML around them. Knows nothing of files and of Optuna."""
