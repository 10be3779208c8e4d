"""Documents read: how each feels, whom it names and how it feels towards them, what it is about."""
