"""Streams of documents, what is counted of them, and the rules and channels of alerts."""
