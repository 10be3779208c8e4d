"""Writing answers to conversations."""
