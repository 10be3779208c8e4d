"""What a kind of channel is: a function that reads what comes, and one that brings what goes. No database, no bus."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar

from services.channels.kinds.tokens import Tokens
from shared.errors import Unavailable
from shared.outbound.client import OutboundClient, OutboundResponse

#: Seconds that a channel may take.
TIMEOUT = 15.0
#: Characters of a message; what is longer is cut, as a turn takes no more.
MAX_TEXT = 10_000
#: Seconds by which the clock of a sender may differ; older messages may be somebody's recording.
MAX_AGE = 300.0

SettingT = TypeVar("SettingT")

_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class Refused(Exception):
    """What came is not to be believed, or not to be understood.

    Attributes:
        status: What the door answers.
    """

    def __init__(self, problem: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(problem)
        self.status = status


class Undelivered(Exception):
    """The channel did not take a message.

    Attributes:
        may_retry: Whether another try may succeed.
        after: Seconds to wait at least, as the channel says.
        taken: Pieces of the message that the channel has taken, from its beginning.
    """

    def __init__(self, problem: str, *, may_retry: bool, after: float = 0.0) -> None:
        super().__init__(problem)
        self.taken = 0
        self.may_retry = may_retry
        self.after = after


@dataclass(frozen=True, slots=True)
class Event:
    """What came to a door.

    Attributes:
        headers: By their names in lower case.
        body: As it came.
        now: Unix seconds.
        query: Of the address.
    """

    headers: Mapping[str, str]
    body: bytes
    now: float
    query: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """The body.

        Raises:
            Refused: It is no object.
        """
        try:
            found = json.loads(self.body)
        except ValueError:
            raise Refused("The body is no JSON.") from None
        if not isinstance(found, dict):
            raise Refused("The body is no JSON object.")
        return found


@dataclass(frozen=True, slots=True)
class Incoming:
    """A customer's message.

    Attributes:
        id: By which the channel knows it.
        thread: Whose messages are one conversation; where answers go.
        text: The words.
        author: How the customer is called.
        is_bots: The channel says that the bot has the conversation: one in the hands of a person was given back.
        reply: What an answer to it needs.
    """

    id: str
    thread: str
    text: str
    author: str | None = None
    is_bots: bool = False
    reply: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read from a channel that posts nothing by itself.

    Attributes:
        messages: Of customers, in their order.
        cursor: How far it was read; kept in the transaction that keeps the messages.
        left: How many were left unanswered by rule, such as what machines wrote.
        is_partial: There is more.
    """

    messages: tuple[Incoming, ...]
    cursor: Mapping[str, Any]
    left: int = 0
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """What is made of an event.

    Attributes:
        messages: Of customers.
        body: What the door answers.
        content_type: Of that.
    """

    messages: tuple[Incoming, ...] = ()
    body: str = ""
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the customer is to see, or who has the conversation now.

    Attributes:
        id: The same with every try.
        thread: Where to.
        event: ``message``, or ``status`` when the conversation changes hands or ends.
        text: The words of a message.
        role: ``bot`` or ``colleague``.
        author: Which colleague.
        suggestions: Ready-made next messages.
        status: Of the conversation, with ``status``.
        created_at: When it was made, in Unix seconds.
        is_again: It may have arrived: a try before this one was heard nothing of.
        reply: What the last message of the thread that was answered left for answers.
        taken: Pieces of it that tries before this one have brought.
    """

    id: str
    thread: str
    event: Literal["message", "status"] = "message"
    text: str = ""
    role: str = "bot"
    author: str | None = None
    suggestions: tuple[str, ...] = ()
    status: str = ""
    created_at: float = 0.0
    is_again: bool = field(default=False, compare=False)
    reply: Mapping[str, Any] = field(default_factory=dict)
    taken: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Post:
    """The way out, to addresses that may be called.

    Attributes:
        client: Calls where it may.
        now: Unix seconds.
        tokens: Kept from one message to the next.
    """

    client: OutboundClient
    now: float
    tokens: Tokens = field(default_factory=Tokens)

    def json(self, url: str, body: object, headers: Mapping[str, str], told: Container[int] = ()) -> OutboundResponse:
        """POST JSON.

        Args:
            url: Where to.
            body: What.
            headers: Of the request.
            told: Statuses beside 2xx whose body says more.

        Raises:
            Undelivered: It was answered with none of these.
            OutboundRefused: Its address may not be called.
        """
        content = json.dumps(body, ensure_ascii=False).encode()
        return self.send("POST", url, content, {"Content-Type": "application/json; charset=utf-8", **headers}, told)

    def send(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str], told: Container[int] = ()
    ) -> OutboundResponse:
        """See ``json``."""
        try:
            reply = self.client.send(method, url, headers=headers, body=content, timeout=TIMEOUT, max_bytes=1_000_000)
        except Unavailable as error:
            raise Undelivered(error.message, may_retry=True) from error
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES or reply.status in told:
            return reply
        may_retry = reply.status in _LATER or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise Undelivered(f"it answered with HTTP {reply.status}", may_retry=may_retry, after=_after(reply))


@dataclass(frozen=True, slots=True)
class Kind(Generic[SettingT]):
    """A kind of channel.

    Attributes:
        receive: Judges and reads an event; raises ``Refused``.
        send: Brings a message; raises ``Undelivered`` and ``OutboundRefused``.
        fetch: Reads what is new since a cursor, where the channel posts nothing by itself; raises ``ParleyError``.
    """

    receive: Callable[[SettingT, Event], Received]
    send: Callable[[SettingT, Outgoing, Post], None]
    fetch: Callable[[SettingT, Mapping[str, Any], OutboundClient, float], Fetched] | None = None


def choices(message: Outgoing) -> str:
    """The words, with suggestions below them where a channel has no buttons."""
    return "\n".join([message.text, *(f"• {one}" for one in message.suggestions)])


def in_turn(message: Outgoing, parts: Sequence[str], bring: Callable[[str, bool], None]) -> None:
    """Bring the pieces of a message that no try before this one has brought; ``bring`` is told which is the last.

    Raises:
        Undelivered: One was not taken; ``taken`` says how many were.
    """
    for number, part in enumerate(parts[message.taken :], message.taken):
        try:
            bring(part, number + 1 == len(parts))
        except Undelivered as error:
            error.taken = number
            raise


def pieces(text: str, longest: int) -> list[str]:
    """The text in parts of so many bytes of UTF-8 at most, none of which ends within a character."""
    parts, rest = [], text.encode("utf-8", "replace")
    while rest:
        part = rest[:longest].decode("utf-8", "ignore")
        parts.append(part)
        rest = rest[len(part.encode()) :]
    return parts


def decoded(reply: OutboundResponse) -> dict[str, Any]:
    """The object that a channel answered with; empty if it is none."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _after(reply: OutboundResponse) -> float:
    told = reply.headers.get("retry-after", "")
    return min(float(told), 3600.0) if told.isascii() and told.isdigit() else 0.0
