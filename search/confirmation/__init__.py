"""How a winner is confirmed: whom fresh trainings compare, who is best, and what the winner is worth. Only numbers."""
