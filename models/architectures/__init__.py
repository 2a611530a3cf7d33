"""The architectures by name: how a configuration becomes a plain PyTorch network."""
