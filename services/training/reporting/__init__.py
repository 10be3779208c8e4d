"""What is said of a finished model: the gate, the figures, the release."""
