"""The Python interface: search, load a run, and use what came of it. The command line is a shell over it."""
