"""``/v1/streams``: what is declared, the documents that come in, and what they say over time."""
