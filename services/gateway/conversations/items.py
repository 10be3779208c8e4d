"""Items: what conversations and responses are made of, as clients write them and as models read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.gateway.attachments.parts import MAX_BYTES, InputAudio, Picture, Sound, picture_of, sound_of
from services.gateway.chat.transcript import TranscriptMessage
from services.gateway.http.bodies.schemas import Name
from shared.storage.tables.core import Turn

MAX_ITEMS = 2048
Part = dict[str, Any]

_TEXTS = ("input_text", "output_text", "text", "refusal")
_KINDS = "message, function_call, function_call_output and reasoning"


class ItemPart(BaseModel):
    """A piece of a message: words, a picture as a data: URL or an uploaded file, or a sound."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["input_text", "output_text", "text", "refusal", "input_image", "input_audio"]
    text: str = ""
    refusal: str = ""
    image_url: Annotated[str, Field(max_length=2 * MAX_BYTES)] | None = None
    file_id: Name | None = None
    input_audio: InputAudio | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.type == "input_image" and (self.image_url is None) == (self.file_id is None):
            raise ValueError("a part of type 'input_image' needs either 'image_url' or 'file_id'")
        if self.type == "input_audio" and self.input_audio is None:
            raise ValueError("a part of type 'input_audio' needs 'input_audio'")
        return self

    @property
    def words(self) -> str:
        """What it says."""
        return self.refusal if self.type == "refusal" else self.text


Content = str | Annotated[list[ItemPart], Field(fail_fast=True, max_length=MAX_ITEMS)]


class Item(BaseModel):
    """A message, a call of a function or what came of one. Fields of the convention that have no meaning here are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = "message"
    role: Literal["user", "assistant", "system", "developer"] | None = None
    content: Content | None = None
    call_id: Name | None = None
    name: Name | None = None
    arguments: str | None = None
    output: Content | None = None
    id: Name | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        needed: dict[str, tuple[str, ...]] = {
            "message": ("role", "content"),
            "function_call": ("call_id", "name", "arguments"),
            "function_call_output": ("call_id", "output"),
            "reasoning": (),
        }
        if self.type not in needed:
            raise ValueError(f"items of type {self.type!r} cannot be read; there are {_KINDS}")
        for name in needed[self.type]:
            if getattr(self, name) is None:
                raise ValueError(f"an item of type {self.type!r} needs {name!r}")
        return self

    @property
    def text(self) -> str:
        """The words of a message, or of what a function gave back."""
        return words(self.content if self.type == "message" else self.output)

    @property
    def pictures(self) -> list[Picture]:
        """The pictures of a message."""
        parts = self.content if self.type == "message" and isinstance(self.content, list) else []
        return [picture for part in parts if (picture := picture_of(part)) is not None]

    @property
    def sounds(self) -> list[Sound]:
        """What was spoken."""
        parts = self.content if self.type == "message" and isinstance(self.content, list) else []
        return [sound for part in parts if (sound := sound_of(part)) is not None]

    @property
    def transcript(self) -> str:
        """The words, and what tells its pictures and sounds from others."""
        digests = [*(one.digest for one in self.pictures), *(one.digest for one in self.sounds)]
        return "\n".join((self.text, *digests))

    def stored(self) -> dict[str, Any] | None:
        """As it is kept and shown, without an id; ``None``: nothing of it is kept."""
        if self.type == "message":
            kind = "output_text" if self.role == "assistant" else "input_text"
            return message(self.role or "user", self.text, kind)
        if self.type == "function_call":
            return {
                "type": self.type,
                "status": "completed",
                "call_id": self.call_id,
                "name": self.name,
                "arguments": self.arguments,
            }
        if self.type == "function_call_output":
            return {"type": self.type, "status": "completed", "call_id": self.call_id, "output": self.text}
        return None


Items = Annotated[list[Item], Field(min_length=1, max_length=MAX_ITEMS)]


def stored(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Items as they are kept, without those of which nothing is."""
    return [kept for item in items if (kept := item.stored()) is not None]


def words(content: Content | None) -> str:
    """What a content says, whichever way it was sent."""
    return "".join(part.words for part in content) if isinstance(content, list) else content or ""


def message(role: str, text: str, kind: str) -> dict[str, Any]:
    """A message as it is kept and shown."""
    part: Part = {"type": kind, "text": text}
    if kind == "output_text":
        part |= {"annotations": [], "logprobs": []}
    return {"type": "message", "status": "completed", "role": role, "content": [part]}


def of_turn(turn: Turn) -> Iterator[dict[str, Any]]:
    """The two messages of a turn; a bot that was silent has said nothing."""
    yield {"id": said_id(turn.id), **message("user", turn.user_text, "input_text")}
    if turn.answer.kind != "silent":
        yield {"id": answer_id(turn.id), **message("assistant", turn.answer.text, "output_text")}


def answer_id(turn_id: str) -> str:
    """The id of the message that answers in a turn."""
    return f"msg_{turn_id.removeprefix('turn_')}"


def said_id(turn_id: str) -> str:
    """The id of the message that is answered."""
    return f"{answer_id(turn_id)}_in"


def turn_id_of(item_id: str) -> str | None:
    """The turn that a message belongs to; ``None`` if it is none of a turn."""
    return f"turn_{item_id.removeprefix('msg_').removesuffix('_in')}" if item_id.startswith("msg_") else None


def transcript(items: Sequence[Mapping[str, Any]]) -> list[TranscriptMessage]:
    """The messages among stored items, as far as they matter to a dialogue."""
    return [
        TranscriptMessage(item["role"], "".join(part.get("text", "") for part in item["content"]))
        for item in items
        if item["type"] == "message"
    ]
