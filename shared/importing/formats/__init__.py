"""One file a format; ``table`` lists them."""
