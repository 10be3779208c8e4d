"""A bot tried by whole dialogues: what customers say, what is expected of each answer, and what came."""
