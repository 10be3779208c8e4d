"""Errors on the bus: from an exception to ``MessageFailed`` and back to the same class at the caller."""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.failure import MessageFailed
from shared.errors import (
    AlreadyExists,
    BrokenArtifact,
    Conflict,
    DeadlineExceeded,
    InvalidInput,
    NoBot,
    NoModel,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    ParleyError,
    TooManyRequests,
    TrainingFailed,
    Unavailable,
    UndecodableMessage,
)
from shared.messaging.encoded import EncodedMessage, pack
from shared.messaging.envelope import envelope

_CLASSES: Mapping[str, type[ParleyError]] = {
    kind.default_code: kind
    for kind in (
        InvalidInput,
        NotFound,
        AlreadyExists,
        Conflict,
        NotAuthenticated,
        NotAllowed,
        DeadlineExceeded,
        Unavailable,
        NoModel,
        NoBot,
        UndecodableMessage,
        BrokenArtifact,
        TrainingFailed,
    )
} | {"model_not_found": NotFound}


def failure_of(error: Exception, failed_type: str) -> MessageFailed:
    """What the caller is told. Of an error that is not ours nothing but the fact, since it may quote a customer."""
    if isinstance(error, ParleyError):
        return MessageFailed(
            failed_type=failed_type,
            code=error.code,
            message=error.message,
            param=error.param,
            retryable=error.retryable,
        )
    return MessageFailed(
        failed_type=failed_type,
        code=ParleyError.default_code,
        message=f"the service failed on this {failed_type}; its log says where",
    )


def failed_reply(encoded: EncodedMessage, error: Exception) -> EncodedMessage:
    """The answer to a request that failed. Without a deadline: bad news may come late, and our clock may be ahead."""
    return pack(
        envelope(
            failure_of(error, encoded.type),
            correlation_id=encoded.correlation_id,
            reply_to=encoded.reply_to,
            request_id=encoded.request_id,
        )
    )


def refusal(encoded: EncodedMessage) -> EncodedMessage:
    """The answer to a request that found its queue full."""
    return failed_reply(encoded, TooManyRequests(f"the queue {encoded.key} is full; try again later"))


def unroutable(encoded: EncodedMessage) -> EncodedMessage:
    """The answer to a request for which there is no queue, though it was made again."""
    return failed_reply(encoded, Unavailable(f"there is no queue for '{encoded.key}' at the broker; try again later"))


def error_of(failure: MessageFailed) -> ParleyError:
    """The error that the handler raised, for the caller; with an own code it becomes the nearest class."""
    if failure.code == TooManyRequests.default_code:
        return TooManyRequests(failure.message)
    kind = _CLASSES.get(failure.code)
    if kind is None and failure.code != ParleyError.default_code:
        kind = Unavailable if failure.retryable else InvalidInput
    return (kind or ParleyError)(failure.message, param=failure.param, code=failure.code)
