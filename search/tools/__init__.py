"""Other people's tools, told of a search while it runs: TensorBoard, MLflow, and the dashboard of Optuna."""
