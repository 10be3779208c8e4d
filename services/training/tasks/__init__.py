"""What is special about each task stands in its room alone."""
