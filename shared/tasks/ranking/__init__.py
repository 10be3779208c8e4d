"""Queries, and how well texts answer them: both are read at once."""
