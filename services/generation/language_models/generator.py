"""What answers requests for text."""

from __future__ import annotations

from typing import Protocol

from shared.contracts.chat.generation import GenerateText
from shared.messaging.consuming.handlers import Emitter


class Generator(Protocol):
    """A model that writes."""

    def generate(self, request: GenerateText, emitter: Emitter) -> None:
        """Answer a request, now or from other threads later; stop soon once it is cancelled.

        Raises:
            ParleyError: It cannot be answered; the emitter was not used.
        """

    def close(self) -> None:
        """Free what it holds; whoever still waits is told."""
