"""Bot files: applied, listed, and tried by dialogues."""
