"""Question answering as a task: where in a context the answer stands, if it stands there at all."""
