"""Reading texts outside a conversation: asks nlu, piece by piece."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat.understanding import Understanding
from shared.errors import InvalidInput, Unavailable
from shared.messaging.requesting.requester import Requester
from shared.storage.training.model_names import ALIAS
from shared.telemetry.correlation import correlation_id

#: Texts of one message. The next one is sent when it has been answered, so that a long list never keeps chat turns
#: waiting for longer than this many texts take.
PER_MESSAGE = 32


@dataclass(frozen=True, slots=True)
class ReadTexts:
    """What was read, in the order asked.

    Attributes:
        understandings: One per text.
        embeddings: Little-endian float32 in base64, one per text, if they were asked for.
        tokens: Read in all.
    """

    understandings: list[Understanding]
    embeddings: list[str]
    tokens: int

    @property
    def model(self) -> str:
        """The id of the model that read the texts."""
        return self.understandings[0].model

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The embeddings as unit vectors, [n, d], if they were asked for."""
        return np.stack([np.frombuffer(base64.b64decode(text), dtype="<f4") for text in self.embeddings])


class Texts:
    """Asks nlu to read texts.

    Args:
        requester: The way to nlu.
        timeout: Seconds that a piece may take.
    """

    def __init__(self, requester: Requester, timeout: float) -> None:
        self._requester = requester
        self._timeout = timeout

    async def read(
        self,
        texts: Sequence[str],
        contexts: Sequence[Sequence[str]] | None = None,
        *,
        model: str | None,
        with_embeddings: bool = False,
    ) -> ReadTexts:
        """Read texts, each after the messages before it, with a model; ``None`` or ``parley`` is the one in production.

        Raises:
            NotFound: There is no such model.
            InvalidInput: Embeddings were asked for, and the model makes none.
            NoModel: None is in production.
            DeadlineExceeded: Nobody answered in time.
            TooManyRequests: Too many wait already.
        """
        named = None if model == ALIAS else model
        answers: list[TextAnalyzed] = []
        for start in range(0, len(texts), PER_MESSAGE):
            if answers:
                named = answers[0].understandings[0].model  # a promotion meanwhile must not mix two models
            piece = slice(start, start + PER_MESSAGE)
            question = AnalyzeText(
                texts=tuple(texts[piece]),
                contexts=tuple(map(tuple, contexts[piece])) if contexts else (),
                model=named,
                with_embeddings=with_embeddings,
            )
            answers.append(await self._ask(question))
        if with_embeddings and not answers[0].embeddings:
            raise InvalidInput("This model makes no embeddings.", param="model")
        return ReadTexts(
            understandings=[understanding for answer in answers for understanding in answer.understandings],
            embeddings=[embedding for answer in answers for embedding in answer.embeddings],
            tokens=sum(answer.tokens for answer in answers),
        )

    async def _ask(self, question: AnalyzeText) -> TextAnalyzed:
        future = self._requester.submit(question, timeout=self._timeout, correlation_id=correlation_id())
        answer = await asyncio.wrap_future(future)
        if not isinstance(answer, TextAnalyzed):
            raise Unavailable(f"nlu answered with {type(answer).__name__}; all services must be of one version")
        return answer
