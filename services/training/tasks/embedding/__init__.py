"""Embedding as a task, by a bi-encoder: queries and texts are read each by itself."""
