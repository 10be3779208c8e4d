"""The knowledge base: reading what is put into vector stores, and finding passages in them."""
