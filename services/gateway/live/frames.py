"""What travels between a customer's end and us: the same over a WebSocket and as server-sent events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, ValidationInfo, field_validator

from services.gateway.conversations.schemas import Card
from services.gateway.http.bodies.json_body import parse_json
from services.gateway.http.bodies.schemas import Body, ErrorDetail, Reply
from services.gateway.http.bodies.validation import describe
from shared.contracts.chat.turns import AnswerKind
from shared.storage.tables.core import ConversationStatus

SayId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]


#: Bytes of a picture or a sound in base64: some 3 MiB of it, as browsers make them small.
MAX_FILE = 4 * 1024 * 1024
_File = Annotated[str, StringConstraints(min_length=1, max_length=MAX_FILE)]


class Say(Body):
    """The customer says something: words, a picture with or without them, or a sound in which words are said.

    Attributes:
        id: Chosen by the client: what is sent again with it is not said twice.
        content: The words.
        picture: A `data:` URL in base64; its text is read, where the extra `vision` is installed.
        sound: In base64; what is said is written down, where the extra `voice` is installed.
    """

    type: Literal["say"] = "say"
    id: SayId
    picture: _File | None = None
    sound: _File | None = None
    content: Annotated[str, StringConstraints(max_length=10_000), Field(validate_default=True)] = ""

    @field_validator("content")
    @classmethod
    def _says(cls, content: str, info: ValidationInfo) -> str:
        if not (content or info.data.get("picture") or info.data.get("sound")):
            raise ValueError("must say something, unless 'picture' or 'sound' does")
        return content


class Ping(Body):
    """Whether the other end is there; it answers `alive`."""

    type: Literal["ping"]


ClientFrame = Annotated[Say | Ping, Field(discriminator="type")]
_CLIENT: TypeAdapter[Say | Ping] = TypeAdapter(ClientFrame)


def read_frame(text: str) -> Say | Ping:
    """A frame that a client sent.

    Raises:
        InvalidInput: It is none, naming the field.
    """
    document = parse_json(text.encode("utf-8", "surrogatepass"))
    try:
        return _CLIENT.validate_python(document)
    except ValidationError as error:
        raise describe([problem | {"loc": ("body", *problem["loc"])} for problem in error.errors()], document) from None


class CustomerMessage(Reply):
    """A message as the customer sees it: without what was understood of it, and why it was answered so.

    Attributes:
        id: Of the message.
        role: Who speaks; a colleague is a person of the team.
        turn_id: What `POST /v1/feedback` takes, with the bot's words.
        say: What the client called it when it said it.
        kind: Which part of the bot spoke.
        suggestions: Ready-made next messages.
    """

    id: str
    created_at: int
    role: Literal["customer", "bot", "colleague"]
    content: str
    author: str | None = None
    turn_id: str | None = None
    say: str | None = None
    kind: AnswerKind | None = None
    suggestions: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()


class MessageFrame(Reply):
    """Something was said; `position` is where to go on after it."""

    type: Literal["message"] = "message"
    position: str | None
    message: CustomerMessage


class DeltaFrame(Reply):
    """Words of an answer that is still being written; the message with all of them follows."""

    type: Literal["delta"] = "delta"
    say: str
    text: str


class StatusFrame(Reply):
    """Who has the conversation: the first frame, and whenever that changes. `position` is where to go on."""

    type: Literal["status"] = "status"
    position: str | None
    status: ConversationStatus


class ErrorFrame(Reply):
    """What went wrong: with what the client called `say`, or with all of it."""

    type: Literal["error"] = "error"
    say: str | None
    error: ErrorDetail


class AliveFrame(Reply):
    """Nothing; the connection lives."""

    type: Literal["alive"] = "alive"


Frame = MessageFrame | DeltaFrame | StatusFrame | ErrorFrame | AliveFrame
