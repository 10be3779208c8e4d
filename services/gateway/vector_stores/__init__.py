"""Vector stores: documents that can be searched, and that bots answer from."""
