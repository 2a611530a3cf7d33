"""The architectures: plain PyTorch networks, each built from a configuration."""
