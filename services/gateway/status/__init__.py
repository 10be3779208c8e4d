"""How the platform as a whole is doing."""
