"""Who may come in: keys and visitors, their roles and their rate."""
