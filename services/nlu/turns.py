"""Reading turns: all that is to be read of them, in one call of the reader."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.chat import TurnReceived, TurnUnderstood
from shared.dialogue.turn_texts import TurnTexts
from shared.inference.reading import Reader


def read_turns(reader: Reader, turns: Sequence[TurnReceived]) -> list[TurnUnderstood]:
    """Read turns in one call of the reader; one that is a single clause is one text of it."""
    all_texts = [TurnTexts.of(turn) for turn in turns]
    asked = [one for texts in all_texts for one in texts.asked]
    contexts = [context for _, context in asked]
    readings = iter(reader.read([text for text, _ in asked], contexts if any(contexts) else None))
    read = ((reading.understanding, reading.embedding) for reading in readings)
    return [texts.understood([next(read) for _ in texts.asked]) for texts in all_texts]
