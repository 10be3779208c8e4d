"""A conversation as its customer lives it: words in, answers and a person's words out, over a WebSocket or event streams."""
