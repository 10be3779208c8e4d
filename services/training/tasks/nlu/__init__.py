"""The joint model: intent, entities and sentiment in one pass, and a sentence embedding."""
