"""What may not be asked of a bot, and what it may not say: rules for a customer's message and for what a model writes. Pure."""
