"""A message as the rules read it: in its one form, and clause by clause."""

from __future__ import annotations

from datetime import date
from itertools import zip_longest

from shared.bot.bot import Bot
from shared.contracts.chat.turns import KNOWLEDGE, DialogueState, TurnReceived
from shared.contracts.chat.understanding import EntitySpan, Part, Understanding
from shared.dialogue.turn import Search, Searches, Turn
from shared.text.normalisation import NormalisedText, normalise


def turn_of(
    bot: Bot,
    received: TurnReceived,
    understanding: Understanding,
    searches: Searches,
    *,
    today: date,
    state: DialogueState,
) -> Turn:
    """The turn, with one for each of its clauses; ``state`` is the one before it."""
    topic = state.topic or ""
    cited = topic.removeprefix(KNOWLEDGE) if topic.startswith(KNOWLEDGE) else None

    def turn(text: str, read: Understanding, search: Search, parts: tuple[Turn, ...]) -> Turn:
        form, entities = _in_one_form(text, read.entities)
        return Turn(
            bot=bot,
            text=form,
            understanding=read,
            entities=entities,
            earlier_turns=len(received.history),
            today=today,
            search=search,
            search_in_context=None if read.parts or read is not understanding else searches.in_context,
            at=received.received_at,
            cited=cited,
            earlier=state.slots,
            parts=parts,
            customer=state.customer,
            attachments=received.attachments,
            proposed=state.proposed,
            flagged=received.flagged,
            surging=received.surging,
        )

    parts = tuple(
        turn(received.text[part.start : part.end], _understood(understanding, part), search or _nothing, ())
        for part, search in zip_longest(understanding.parts, searches.parts[: len(understanding.parts)])
    )
    return turn(received.text, understanding, searches.own, parts)


def _nothing() -> None:
    """No vector came with the clause, so nothing is found."""


def _understood(whole: Understanding, part: Part) -> Understanding:
    """What was understood of a clause, as if it had been all: in the tone and language of the whole message."""
    entities = tuple(
        span.model_copy(update={"start": span.start - part.start, "end": span.end - part.start})
        for span in part.entities
    )
    return whole.model_copy(update={"intent": part.intent, "ranking": (), "entities": entities, "parts": ()})


def _in_one_form(text: str, entities: tuple[EntitySpan, ...]) -> tuple[str, tuple[EntitySpan, ...]]:
    """The text as rules read it (full-width digits as digits), and the entities as they stand in it."""
    normal = normalise(text)
    if normal.spans is None:
        return text, entities
    return normal.text, tuple(moved for span in entities if (moved := _moved(normal, span)) is not None)


def _moved(normal: NormalisedText, span: EntitySpan) -> EntitySpan | None:
    """The entity where it stands in the one form of its text."""
    places = [place for place, (start, end) in enumerate(normal.spans or ()) if start < span.end and end > span.start]
    if not places:
        return None
    start, end = places[0], places[-1] + 1
    return span.model_copy(update={"start": start, "end": end, "text": normal.text[start:end]})
