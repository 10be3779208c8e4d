"""API keys, and the first one of a new platform."""
