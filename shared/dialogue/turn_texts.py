"""What is read of a turn: its text, beside it the clauses of a text that has several, and a follow-up in context. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.contracts.chat.turns import TurnReceived, TurnUnderstood
from shared.contracts.chat.understanding import EntitySpan, Part, Understanding
from shared.text.clauses import clauses
from shared.text.follow_ups import follows_up

Asked = tuple[str, Sequence[str]]
"""A text, and the messages before it."""

Read = tuple[Understanding, NDArray[np.float32]]
"""What a model understood of a text, and its embedding [d]."""


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
    def context(self) -> Sequence[str]:
        """What the customer said last and what the bot answered; a bot that was silent said nothing."""
        history = self.turn.history
        return (history[-1].user, history[-1].answer) if history else ()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What is read: the turn's own text first, then what is read beside it."""
        own = (self.turn.text, self.context)
        parts = tuple((self.turn.text[start:end], self.context) for start, end in self.clauses)
        return (own, *parts) if self.follow_up is None else (own, *parts, (self.follow_up, ()))

    def understood(self, read: Sequence[Read]) -> TurnUnderstood:
        """The turn with what was read of ``asked``, in its order."""
        (understanding, embedding), *more = read
        parts = more[: len(self.clauses)]
        if parts:
            found = tuple(_part(span, told) for span, (told, _) in zip(self.clauses, parts, strict=True))
            understanding = understanding.model_copy(update={"parts": found})
        if self.turn.attachments:
            understanding = understanding.model_copy(update={"attachments": self.turn.attachments})
        return TurnUnderstood(
            turn=self.turn,
            understanding=understanding,
            embedding=_base64(embedding),
            part_embeddings=tuple(_base64(vector) for _, vector in parts),
            follow_up_embedding="" if self.follow_up is None else _base64(more[-1][1]),
        )


def _part(span: tuple[int, int], told: Understanding) -> Part:
    start, end = span
    entities = tuple(_moved(entity, start) for entity in told.entities)
    return Part(start=start, end=end, intent=told.intent, entities=entities)


def _moved(entity: EntitySpan, by: int) -> EntitySpan:
    return entity.model_copy(update={"start": entity.start + by, "end": entity.end + by})


def _base64(vector: NDArray[np.floating]) -> str:
    return base64.b64encode(vector.astype("<f2").tobytes()).decode("ascii")
