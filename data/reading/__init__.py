"""Reading data of the user's own, whatever form they have."""
