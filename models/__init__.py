"""Small neural networks trained in packs; knows nothing of Ray, Optuna or files."""
