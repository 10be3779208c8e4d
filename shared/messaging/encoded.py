"""An envelope as bytes with an address: the only thing that a bus moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from shared.contracts import MESSAGES
from shared.contracts.message import Exchange, Message
from shared.errors import InvalidInput, UndecodableMessage
from shared.messaging.envelope import Envelope, Part

#: Bytes that AMQP leaves for an id; the prefix of a queue has to fit as well.
_LONGEST_ID = 200

_KINDS: Mapping[str, type[Message]] = {kind.TYPE: kind for kind in MESSAGES}


@dataclass(frozen=True, slots=True)
class EncodedMessage:
    """A message that is packed.

    Attributes:
        exchange: Where it is handed in.
        key: Routing key; on the reply exchange the name of a queue.
        body: JSON in UTF-8, or whatever a stranger put there.
        type: ``TYPE`` of the contract.
        version: The lowest version of the contract that can read it.
        durable: Kept on disk and confirmed.
        headers: Further facts for people, e.g. why it is a dead letter.
        part: Its place, if it belongs to an answer of many parts.
    """

    exchange: Exchange
    key: str
    body: bytes
    type: str
    version: int
    message_id: str
    correlation_id: str
    durable: bool
    reply_to: str | None = None
    deadline: float | None = None
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    part: Part | None = None

    def expired(self, now: float) -> bool:
        """Whether nobody waits for it any more."""
        return self.deadline is not None and now >= self.deadline


def pack(envelope: Envelope) -> EncodedMessage:
    """Encode an envelope.

    Raises:
        InvalidInput: The message is a reply, and the envelope does not say to whom; or an id is too long to travel.
    """
    message = envelope.message
    route = message.ROUTE
    key = envelope.reply_to if route.exchange is Exchange.REPLY else route.key
    if key is None:
        raise InvalidInput(f"{message.TYPE} is a reply; its envelope needs the queue of the caller", param="reply_to")
    for field_name, text in (("correlation_id", envelope.correlation_id), ("reply_to", envelope.reply_to or "")):
        if len(text.encode()) > _LONGEST_ID:
            raise InvalidInput(
                f"{field_name} has {len(text)} characters; {_LONGEST_ID} bytes can travel", param=field_name
            )
    version, body = message.travelling()
    return EncodedMessage(
        exchange=route.exchange,
        key=key,
        body=body,
        type=message.TYPE,
        version=version,
        message_id=envelope.message_id,
        correlation_id=envelope.correlation_id,
        durable=route.durable,
        reply_to=envelope.reply_to,
        deadline=envelope.deadline,
        request_id=envelope.request_id,
        part=envelope.part,
    )


def unpack(encoded: EncodedMessage) -> Envelope:
    """Decode a message.

    Raises:
        UndecodableMessage: No contract has that type, it is of a later version, or the body does not match. The reason
            names fields but never their content, which may be a customer's words.
    """
    kind = _KINDS.get(encoded.type)
    if kind is None:
        raise UndecodableMessage(f"no message has the type {encoded.type[:80]!r}", param="type")
    if encoded.version > kind.VERSION:
        raise UndecodableMessage(
            f"version {encoded.version} of {kind.TYPE} is newer than this process, which knows {kind.VERSION}; upgrade it",
            param="version",
        )
    try:
        message = kind.model_validate_json(encoded.body)
    except ValidationError as error:
        raise UndecodableMessage(f"not a {kind.TYPE}: {_faults(error)}", param="body") from None
    return Envelope(
        message,
        encoded.message_id,
        encoded.correlation_id,
        encoded.reply_to,
        encoded.deadline,
        encoded.request_id,
        encoded.part,
    )


def _faults(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'body'}: {item['type']}" for item in details[:5])
