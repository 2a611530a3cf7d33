"""A report in short, for a pull request: Markdown, and two small pictures beside it."""
