"""The loop: what people corrected becomes the next model, by a rule and through the gate."""
