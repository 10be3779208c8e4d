"""A message of a conversation, as the rows of OpenAI's fine-tuning have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import PlainValidator
from pydantic.dataclasses import dataclass

from shared.rows.parsing import STRICT, Text, fault
from shared.rows.problems import kind, shown

Role = Literal["system", "user", "assistant"]
_ROLES = ("system", "user", "assistant")


def _role(value: object) -> str:
    if value not in _ROLES:
        raise fault(
            f"must be one of {', '.join(_ROLES)}, not {shown(value) if isinstance(value, str) else kind(value)}"
        )
    return str(value)


def _weight(value: object) -> int:
    if value not in (0, 1) or isinstance(value, float):
        raise fault("must be 0 (not learned) or 1")
    return int(bool(value))


@dataclass(frozen=True, slots=True, config=STRICT)
class Message:
    """What somebody says.

    Attributes:
        role: Who.
        content: What.
        weight: 0: an answer that is read and not learned.
    """

    role: Annotated[Role, PlainValidator(_role)]
    content: Text
    weight: Annotated[int, PlainValidator(_weight)] = 1

    @property
    def is_learned(self) -> bool:
        """Whether a model should answer so."""
        return self.role == "assistant" and self.weight == 1

    def with_text(self, change: Callable[[str], str]) -> Self:
        """The message with its content changed."""
        return replace(self, content=change(self.content))

    def as_chat(self) -> dict[str, str]:
        """As chat templates have it."""
        return {"role": self.role, "content": self.content}
