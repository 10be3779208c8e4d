"""Batches: requests from a file, made beside live traffic and answered in a file."""
