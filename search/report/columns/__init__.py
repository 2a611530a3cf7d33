"""The columns of tables that depend on what is in them."""
