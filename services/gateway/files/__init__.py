"""Uploaded files, until they expire."""
