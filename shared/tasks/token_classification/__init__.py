"""Texts, and the labelled spans in each."""
