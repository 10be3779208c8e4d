"""Responses: turns of a bot and answers of language models, one at a time or in the background, kept unless told otherwise."""
