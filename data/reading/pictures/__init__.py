"""Reading many pictures with their colours, in one form."""
