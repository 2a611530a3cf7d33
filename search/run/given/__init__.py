"""What a user gives a search to start from: words of options, changes of the space, trials, earlier runs."""
