"""What to offer next: items with a text, what people did with them, and a model that ranks the one by the other."""
