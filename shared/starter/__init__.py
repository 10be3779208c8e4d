"""The starter domain: a small travel-and-shop service desk that a fresh installation trains on and talks as.

Plain package data, meant to be read, copied and replaced; ``README.md`` beside it is the data card.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

UTTERANCES: str = "utterances.jsonl"
BOT: str = "bot.yaml"
DIALOGUES: str = "dialogues"
"""The folder of the dialogues that the bot is tried by."""


def utterances() -> Path:
    """The labelled utterances: one JSON object a line, spans half-open in code points."""
    return _file(UTTERANCES)


def bot() -> Path:
    """The bot file: what the desk says, which flows it runs, and what it knows."""
    return _file(BOT)


def dialogues() -> dict[str, Path]:
    """The dialogue files: ``tuning`` was looked at while rows and rules were written, ``heldout`` was not."""
    folder = _file(DIALOGUES)
    return {name: folder / f"{name}.yaml" for name in ("tuning", "heldout")}


def _file(name: str) -> Path:
    # Wheels are unpacked on installation, so package data always are files; running from a zip is not supported.
    return Path(str(resources.files(__name__).joinpath(name)))


def finance(name: str) -> Path:
    """A file of the financial example: ``headlines.jsonl`` to train on, ``stream.json``, and ``replay.jsonl``, a week with two surges."""
    return _file(f"finance/{name}")
