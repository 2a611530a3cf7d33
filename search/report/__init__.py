"""What people see: leaderboards, the winner, and progress."""
