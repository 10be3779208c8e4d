"""Conversations as a resource: listed, continued, handed back by a person."""
