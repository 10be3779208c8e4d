"""Answers out of documents: whether passages carry one, what a model is told, what it may say, and what it rests on. Pure."""
