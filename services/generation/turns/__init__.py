"""Turns that nothing of the bot file answers: out of documents, by a language model, or not at all."""
