"""What is done with any text before a model or a rule reads it."""
