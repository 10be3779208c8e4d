"""What models are asked, summed up."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.message import Exchange, Message, Route

WINDOW_SECONDS = 300
"""Length of a window; it begins at a multiple of it."""


class InputsObserved(Message):
    """All that a process has read with a model in a window up to now: told again and again, the last one counts.

    Attributes:
        model: Id of the model.
        process: Of nlu; whose sums these are.
        start: Of the window, Unix seconds.
        out_of_scope: Texts that it declined.
        confidences: Texts by confidence, in ten equal steps from 0 to 1.
        embedding: The sum of their unit vectors, little-endian float32 in base64; empty: it makes none.
    """

    TYPE: ClassVar[str] = "inputs.observed"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "inputs.observed", durable=True)

    model: str
    process: str
    start: int
    texts: int
    out_of_scope: int
    confidences: tuple[int, ...]
    embedding: str = ""
