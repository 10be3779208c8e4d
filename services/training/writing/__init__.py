"""Texts of models that write: as tokens, as pairs of answers, and how likely a model finds them."""
