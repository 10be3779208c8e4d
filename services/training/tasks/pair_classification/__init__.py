"""Pair classification as a task, by a cross-encoder: both texts are read at once."""
