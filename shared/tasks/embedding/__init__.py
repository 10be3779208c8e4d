"""Texts as vectors: a query lies near what it should find."""
