"""What depends on the hardware: number formats, CUDA libraries and recordings."""
