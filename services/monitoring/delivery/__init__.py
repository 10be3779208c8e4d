"""Channels: how each kind is spoken to, and a courier that tries until its own protocol says that the message has arrived."""
