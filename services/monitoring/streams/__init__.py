"""Streams of documents: each read with the models of its stream, kept once, and counted by event time."""
