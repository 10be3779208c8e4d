"""Decisions: many questions about one text, each with a few possible answers, answered by any model with probabilities."""
