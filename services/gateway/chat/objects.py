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
    TurnDetails,
    Usage,
)
from services.gateway.http.sse import pieces
from shared.storage.tables import Turn


def completion(turn: Turn) -> ChatCompletion:
    """The turn as a whole chat completion."""
    return ChatCompletion(
        id=_completion_id(turn),
        created=int(turn.created_at),
        model=turn.model_id,
        choices=[Choice(message=AssistantMessage(content=turn.answer.text))],
        usage=usage(turn),
        parley=details(turn),
    )


def chunks(turn: Turn, *, with_usage: bool) -> Iterator[ChatCompletionChunk]:
    """The turn as chunks: the role, the words, the end with our details, and the usage if it was asked for."""

    def chunk(
        *choices: ChunkChoice, parley: TurnDetails | None = None, total: Usage | None = None
    ) -> ChatCompletionChunk:
        return ChatCompletionChunk(
            id=_completion_id(turn),
            created=int(turn.created_at),
            model=turn.model_id,
            choices=list(choices),
            parley=parley,
            usage=total,
        )

    yield chunk(ChunkChoice(delta=Delta(role="assistant", content="")))
    for piece in pieces(turn.answer.text):
        yield chunk(ChunkChoice(delta=Delta(content=piece)))
    yield chunk(ChunkChoice(delta=Delta(), finish_reason="stop"), parley=details(turn))
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
    )


def _completion_id(turn: Turn) -> str:
    return f"chatcmpl-{turn.id.removeprefix('turn_')}"
