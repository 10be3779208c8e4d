"""Recommendation: a text tower tuned on what people chose, what goes with what in closed form, and a ranker over both."""
