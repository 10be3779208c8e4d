"""Why a row is left out."""

from __future__ import annotations


class Unreadable(Exception):
    """A value cannot be what its field holds; the message is the reason, for people. Never leaves this package."""
