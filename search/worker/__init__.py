"""What a worker does with a pack: its training from task to report, and the messages to and from the driver."""
