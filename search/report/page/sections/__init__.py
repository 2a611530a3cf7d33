"""The sections of a page, one a module: each makes its texts, figures and tables from the facts."""
