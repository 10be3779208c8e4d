"""What customers send along with their words: taken out of a message, and read."""
