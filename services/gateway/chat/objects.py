"""A stored turn in the shapes of the convention."""

from __future__ import annotations

from collections.abc import Iterator

from services.gateway.chat.schemas import (
    AssistantMessage,
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkChoice,
    Delta,
    FileCitation,
    TurnDetails,
    Usage,
)
from services.gateway.chat.turns import Listener
from services.gateway.http.bodies.sse import pieces
from services.gateway.moderations.policy import ChatModeration
from shared.storage.tables.core import Turn
from shared.storage.training.model_names import ALIAS


def completion(turn: Turn, moderation: ChatModeration | None = None) -> ChatCompletion:
    """The turn as a whole chat completion, with what was judged of it."""
    return ChatCompletion(
        id=_completion_id(turn.id),
        created=int(turn.created_at),
        model=turn.model_id,
        choices=[Choice(message=AssistantMessage(content=turn.answer.text, annotations=_annotations(turn)))],
        usage=usage(turn),
        parley=details(turn),
        moderation=moderation,
    )


def live_chunks(listener: Listener, text: str, *, first: bool) -> Iterator[ChatCompletionChunk]:
    """Words of a turn that is not stored yet."""
    deltas = [Delta(role="assistant", content="")] if first else []
    for delta in (*deltas, Delta(content=text)):
        yield ChatCompletionChunk(
            id=_completion_id(listener.turn_id),
            created=int(listener.asked_at),
            model=ALIAS,
            choices=[ChunkChoice(delta=delta)],
        )


def chunks(
    turn: Turn, *, with_usage: bool, after: str = "", moderation: ChatModeration | None = None
) -> Iterator[ChatCompletionChunk]:
    """The turn as chunks: the role, the words, the end with our details, and the usage if it was asked for.

    Args:
        turn: Stored.
        with_usage: Whether usage was asked for.
        after: The words that were told already.
        moderation: What was judged, for a chunk of its own.
    """

    def chunk(
        *choices: ChunkChoice, parley: TurnDetails | None = None, total: Usage | None = None
    ) -> ChatCompletionChunk:
        return ChatCompletionChunk(
            id=_completion_id(turn.id),
            created=int(turn.created_at),
            model=ALIAS if after else turn.model_id,
            choices=list(choices),
            parley=parley,
            usage=total,
        )

    if not after:
        yield chunk(ChunkChoice(delta=Delta(role="assistant", content="")))
    for piece in pieces(turn.answer.text.removeprefix(after)):
        yield chunk(ChunkChoice(delta=Delta(content=piece)))
    yield chunk(ChunkChoice(delta=Delta(), finish_reason="stop"), parley=details(turn))
    if moderation is not None:
        yield chunk().model_copy(update={"moderation": moderation})
    if with_usage:
        yield chunk(total=usage(turn))


def usage(turn: Turn) -> Usage:
    """Tokens read and pieces said."""
    read, said = turn.understanding.tokens, len(pieces(turn.answer.text))
    return Usage(prompt_tokens=read, completion_tokens=said, total_tokens=read + said)


def details(turn: Turn) -> TurnDetails:
    """What the convention has no field for."""
    understood, answer = turn.understanding, turn.answer
    return TurnDetails(
        conversation_id=turn.conversation_id,
        turn_id=turn.id,
        intent=understood.intent,
        ranking=understood.ranking,
        entities=understood.entities,
        sentiment=understood.sentiment,
        language=understood.language,
        answer_kind=answer.kind,
        citations=answer.citations,
        suggestions=answer.suggestions,
        handover=answer.handover,
        sources=answer.sources,
        reasons=answer.reasons,
        guards=answer.guards,
        items=answer.items,
        attachments=understood.attachments,
    )


def _annotations(turn: Turn) -> list[FileCitation]:
    """Where each number of a passage stands in the answer, as the convention has it."""
    text, found = turn.answer.text, []
    for source in turn.answer.sources:
        mark = f"[{source.number}]"
        place = text.find(mark)
        index = len(text) if place < 0 else place
        found.append(FileCitation(file_id=source.file_id, filename=source.filename, index=index))
    return found


def _completion_id(turn_id: str) -> str:
    return f"chatcmpl-{turn_id.removeprefix('turn_')}"
