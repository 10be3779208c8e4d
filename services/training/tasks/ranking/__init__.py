"""Ranking as a task, by a cross-encoder: query and text are read at once."""
