"""What the tools that listen to a run are told: each training as it ends, and everything at the end."""
