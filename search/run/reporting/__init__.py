"""The report of a run: its facts gathered from its study, its folder and its kept model, and written beside them."""
