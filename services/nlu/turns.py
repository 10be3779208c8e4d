"""Reading turns: all that is to be read of them, in one call of the reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.contracts.chat.turns import PROBE, TurnReceived, TurnUnderstood
from shared.dialogue.turn_texts import TurnTexts
from shared.inference.reading import Reader, Reading


def read_turns(
    reader: Reader, turns: Sequence[TurnReceived], observe: Callable[[str, Sequence[Reading]], None]
) -> list[TurnUnderstood]:
    """Read turns in one call of the reader; one that is a single clause is one text of it.

    Args:
        reader: The model in production.
        turns: All that came together.
        observe: Told the model and what it has read, but for the platform's own question whether it is ready.
    """
    all_texts = [TurnTexts.of(turn) for turn in turns]
    asked = [one for texts in all_texts for one in texts.asked]
    contexts = [context for _, context in asked]
    readings = reader.read([text for text, _ in asked], contexts if any(contexts) else None)
    if any(turn.turn_id != PROBE for turn in turns):
        observe(reader.model_id, readings)
    read = ((reading.understanding, reading.embedding) for reading in readings)
    return [texts.understood([next(read) for _ in texts.asked]) for texts in all_texts]
