"""Messages in, understandings out."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from services.nlu.named_models import NamedModels
from services.nlu.served_model import ServedModel
from services.nlu.turns import read_turns
from shared.contracts.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat import TurnReceived, TurnUnderstood
from shared.contracts.releases import BotPublished, ModelPublished
from shared.inference.reading import Reader, Reading
from shared.messaging.consuming.handlers import Handlers, one_by_one


def build_handlers(production: ServedModel, named: NamedModels) -> Handlers:
    """What is done with requests.

    Everything that came together is read together: one call of the reader for all turns, and one for all texts that
    are to be analysed by the same model.
    """

    def on_turns(turns: Sequence[TurnReceived]) -> list[TurnUnderstood]:
        with production.reader() as reader:
            return read_turns(reader, turns)

    def on_analyses(requests: Sequence[AnalyzeText]) -> list[TextAnalyzed]:
        answers: dict[int, TextAnalyzed] = {}
        for model in dict.fromkeys(request.model for request in requests):
            places = [place for place, request in enumerate(requests) if request.model == model]
            texts = [text for place in places for text in requests[place].texts]
            contexts = [context for place in places for context in _contexts(requests[place])]
            with reader_of(model) as reader:
                readings = iter(reader.read(texts, contexts if any(contexts) else None))
            for place in places:
                answers[place] = _analyzed(requests[place], [next(readings) for _ in requests[place].texts])
        return [answers[place] for place in range(len(requests))]

    @contextmanager
    def reader_of(model: str | None) -> Iterator[Reader]:
        if model is None or model == production.model_id:
            with production.reader() as reader:
                yield reader
        else:
            yield named.reader(model)

    return {TurnReceived: on_turns, AnalyzeText: on_analyses}


def build_release_handlers(production: ServedModel) -> Handlers:
    """What is done with news of a release. The message is only a wake-up: production looks into the database."""

    def on_model(_: ModelPublished) -> None:
        production.follow()

    def on_bot(_: BotPublished) -> None:
        """Bots are the business of generation; the news comes to all on the same key."""

    return {ModelPublished: one_by_one(on_model), BotPublished: one_by_one(on_bot)}


def _contexts(request: AnalyzeText) -> Sequence[Sequence[str]]:
    return request.contexts or ((),) * len(request.texts)


def _analyzed(request: AnalyzeText, readings: Sequence[Reading]) -> TextAnalyzed:
    embeddings = [_base64(reading.embedding.astype("<f4")) for reading in readings] if request.with_embeddings else []
    return TextAnalyzed(
        understandings=tuple(reading.understanding for reading in readings),
        embeddings=tuple(embeddings),
        tokens=sum(reading.tokens for reading in readings),
    )


def _base64(vector: NDArray[np.floating]) -> str:
    return base64.b64encode(vector.tobytes()).decode("ascii")
