"""Writing a text from another: a summary, a translation."""
