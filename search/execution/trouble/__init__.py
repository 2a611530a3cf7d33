"""Workers that die: why, and what a search does where the machine is to blame."""
