"""The training of one pack: epochs, steps, evaluations, and the speed of its parts."""
