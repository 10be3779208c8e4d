"""Sentiment of a stream over time."""
