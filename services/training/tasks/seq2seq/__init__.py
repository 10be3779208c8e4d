"""Sequence to sequence as a task: an encoder-decoder learns to write a text from another."""
