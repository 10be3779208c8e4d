"""Models: listed, promoted, rolled back, deleted."""
