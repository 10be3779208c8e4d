"""The starter domain: a small travel-and-shop service desk that a fresh installation trains on and talks as.

Plain package data, meant to be read, copied and replaced; ``README.md`` beside it is the data card.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

UTTERANCES: str = "utterances.jsonl"
BOT: str = "bot.yaml"


def utterances() -> Path:
    """The labelled utterances: one JSON object a line, spans half-open in code points."""
    return _file(UTTERANCES)


def bot() -> Path:
    """The bot file: what the desk says, which flows it runs, and what it knows."""
    return _file(BOT)


def _file(name: str) -> Path:
    # Wheels are unpacked on installation, so package data always are files; running from a zip is not supported.
    return Path(str(resources.files(__name__).joinpath(name)))
