"""Turns of a conversation and what else is asked of the models that chat: read, decided, written, explained."""
