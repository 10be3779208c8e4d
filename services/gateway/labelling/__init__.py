"""Which turns are worth a person's look, and how far people agree."""
