"""What is read of turns beside their own texts, in the same call: the clauses of those that have several, and follow-ups in context."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.contracts.chat import TurnReceived, TurnUnderstood
from shared.contracts.understanding import EntitySpan, Part
from shared.inference.reading import Context, Reader, Reading
from shared.text.clauses import clauses
from shared.text.follow_ups import follows_up


@dataclass(frozen=True, slots=True)
class TurnTexts:
    """The texts of one turn.

    Attributes:
        turn: The turn.
        clauses: Half-open spans of its clauses; none if it is a single one.
        follow_up: The customer's last message and this one, if this one says too little to stand alone.
    """

    turn: TurnReceived
    clauses: tuple[tuple[int, int], ...]
    follow_up: str | None

    @classmethod
    def of(cls, turn: TurnReceived) -> TurnTexts:
        """What is to be read of a turn."""
        is_follow_up = bool(turn.history) and follows_up(turn.text)
        return cls(turn, clauses(turn.text), f"{turn.history[-1].user} {turn.text}" if is_follow_up else None)

    @property
    def context(self) -> Context:
        """What the customer said last and what the bot answered; a bot that was silent said nothing."""
        history = self.turn.history
        return (history[-1].user, history[-1].answer) if history else ()

    @property
    def more(self) -> tuple[tuple[str, Context], ...]:
        """What is read beside the turn's own text, each with what was said before it."""
        parts = tuple((self.turn.text[start:end], self.context) for start, end in self.clauses)
        return parts if self.follow_up is None else (*parts, (self.follow_up, ()))

    def understood(self, own: Reading, more: Sequence[Reading]) -> TurnUnderstood:
        """The turn with its readings; ``more`` are those of ``self.more``."""
        parts = more[: len(self.clauses)]
        understanding = own.understanding
        if parts:
            found = tuple(_part(span, reading) for span, reading in zip(self.clauses, parts, strict=True))
            understanding = understanding.model_copy(update={"parts": found})
        return TurnUnderstood(
            turn=self.turn,
            understanding=understanding,
            embedding=_base64(own.embedding),
            part_embeddings=tuple(_base64(reading.embedding) for reading in parts),
            follow_up_embedding="" if self.follow_up is None else _base64(more[-1].embedding),
        )


def read_turns(reader: Reader, turns: Sequence[TurnReceived]) -> list[TurnUnderstood]:
    """Read turns in one call of the reader; one that is a single clause is one text of it."""
    all_texts = [TurnTexts.of(turn) for turn in turns]
    texts = [turn.text for turn in turns]
    contexts = [one.context for one in all_texts]
    for one in all_texts:
        for text, context in one.more:
            texts.append(text)
            contexts.append(context)
    readings = reader.read(texts, contexts if any(contexts) else None)
    more = iter(readings[len(turns) :])
    return [
        one.understood(own, _take(more, len(one.more)))
        for one, own in zip(all_texts, readings[: len(turns)], strict=True)
    ]


def _take(readings: Iterator[Reading], count: int) -> list[Reading]:
    return [next(readings) for _ in range(count)]


def _part(span: tuple[int, int], reading: Reading) -> Part:
    start, end = span
    entities = tuple(_moved(entity, start) for entity in reading.understanding.entities)
    return Part(start=start, end=end, intent=reading.understanding.intent, entities=entities)


def _moved(entity: EntitySpan, by: int) -> EntitySpan:
    return entity.model_copy(update={"start": entity.start + by, "end": entity.end + by})


def _base64(vector: NDArray[np.floating]) -> str:
    return base64.b64encode(vector.astype("<f2").tobytes()).decode("ascii")
