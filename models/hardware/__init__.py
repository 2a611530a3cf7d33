"""What depends on the hardware: the device, the precision, the settings of CUDA libraries, and recordings."""
