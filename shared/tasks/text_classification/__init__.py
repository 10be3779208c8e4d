"""Texts, and which of some labels each has: one of them, or any number."""
