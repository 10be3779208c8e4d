"""The joint model: intent, entities and sentiment of a text, in one pass."""
