"""Text generation as a task: a decoder learns to answer conversations."""
