"""Which weights are trained, and how they come back into one plain model."""
