"""`python -m packtune` is the command `packtune`."""

from packtune.cli.main import main

main()
