"""Answers that their callers asked to be kept."""
