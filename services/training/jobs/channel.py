"""What a training process tells its supervisor, who has a connection to the bus: messages, one a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import IO

from shared.contracts.message import Message
from shared.contracts.releases import ModelPublished
from shared.contracts.training.jobs import TrainingProgressed

_MESSAGES: dict[str, type[Message]] = {message.TYPE: message for message in (TrainingProgressed, ModelPublished)}


class Channel:
    """The sending end. The messages are only wake-ups; what they tell of is in the database already.

    Args:
        stream: Read line by line by the supervisor.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    @classmethod
    def on_standard_output(cls) -> Channel:
        """Take standard output for messages alone; what libraries print goes to standard error from here on."""
        stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        return cls(stream)

    def send(self, message: Message) -> None:
        """Tell the supervisor."""
        self._stream.write(f"{message.TYPE} {message.model_dump_json()}\n")
        self._stream.flush()


def received(stream: IO[str]) -> Iterator[Message]:
    """The messages that arrive, until the sender is gone. A line cut short by its death is left out."""
    for line in stream:
        name, _, body = line.partition(" ")
        if line.endswith("\n") and name in _MESSAGES:
            yield _MESSAGES[name].model_validate_json(body)
