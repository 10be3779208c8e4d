"""Messages in, understandings out."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.nlu.decisions import TextVectors, decide
from services.nlu.explaining import explain
from services.nlu.inputs import InputWatch
from services.nlu.model_lookup import ModelLookup
from services.nlu.named_models import NamedModels
from services.nlu.served_model import ServedModel
from services.nlu.turns import read_turns
from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat.decisions import DecideText, TextDecided
from shared.contracts.chat.explanations import ExplainDecision, ExplainTurn
from shared.contracts.chat.turns import TurnReceived, TurnUnderstood
from shared.contracts.message import Message
from shared.contracts.releases import BotPublished, ModelPublished
from shared.contracts.training.prediction import PredictRows, RowsPredicted
from shared.inference.predictor import Prediction, Predictor
from shared.inference.reading import Reading
from shared.messaging.consuming.handlers import BatchHandler, Handlers, one_by_one
from shared.tasks.records import inputs_of


def build_handlers(production: ServedModel, named: NamedModels, inputs: InputWatch | None = None) -> Handlers:
    """What is done with requests; ``inputs`` is told what is read.

    Everything that came together is read together: one call of the reader for all turns, and one for all texts or rows that
    the same model is asked about.
    """
    lookup = ModelLookup(production, named)
    observe: Callable[[str, Sequence[Reading]], None] = inputs.read if inputs else _unobserved
    observe_answers: Callable[[str, Sequence[Prediction]], None] = inputs.answered if inputs else _unobserved

    def on_turns(turns: Sequence[TurnReceived]) -> list[TurnUnderstood]:
        with production.reader() as reader:
            return read_turns(reader, turns, observe)

    def analyzed(model: str | None, requests: Sequence[AnalyzeText]) -> Iterator[TextAnalyzed]:
        texts = [text for request in requests for text in request.texts]
        contexts = [context for request in requests for context in _contexts(request)]
        with lookup.reader(model) as reader:
            read = reader.read(texts, contexts if any(contexts) else None)
            observe(reader.model_id, read)
        readings = iter(read)
        for request in requests:
            yield _analyzed(request, [next(readings) for _ in request.texts])

    def predicted(model: str, requests: Sequence[PredictRows]) -> Iterator[RowsPredicted]:
        with lookup.predictor(model) as predictor:
            rows = inputs_of(predictor.task, (row for request in requests for row in request.rows))
            predictions = predictor.predict(rows)
            observe_answers(predictor.model_id, predictions)
        found = iter(predictions)
        for request in requests:
            yield _predicted(predictor, [next(found) for _ in request.rows])

    vectors = TextVectors()

    def decided(model: str, requests: Sequence[DecideText]) -> Iterator[TextDecided]:
        with lookup.predictor(model) as predictor:
            for request in requests:
                answers, tokens = decide(predictor, vectors, request.text, request.questions)
                yield TextDecided(model=predictor.model_id, probabilities=tuple(answers), tokens=tokens)

    def explained(model: str, requests: Sequence[ExplainTurn]) -> Iterator[ExplainDecision]:
        with lookup.reader(model) as reader:
            yield from (explain(reader, request) for request in requests)

    return {
        TurnReceived: on_turns,
        AnalyzeText: _by_model(analyzed),
        PredictRows: _by_model(predicted),
        DecideText: _by_model(decided),
        ExplainTurn: _by_model(explained),
    }


def _unobserved(_model: str, _read: Sequence[Any]) -> None:
    """Nobody is told."""


def _by_model(handle: Callable[[Any, Sequence[Any]], Iterator[Message]]) -> BatchHandler[Any]:
    """Handle requests that name the same model together."""

    def on_requests(requests: Sequence[Any]) -> list[Message]:
        answers: dict[int, Message] = {}
        for model in dict.fromkeys(request.model for request in requests):
            places = [place for place, request in enumerate(requests) if request.model == model]
            answers |= zip(places, handle(model, [requests[place] for place in places]), strict=True)
        return [answers[place] for place in range(len(requests))]

    return on_requests


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


def _predicted(predictor: Predictor, predictions: Sequence[Prediction]) -> RowsPredicted:
    return RowsPredicted(
        model=predictor.model_id,
        task=predictor.task,
        answers=tuple(dict(prediction.answer) for prediction in predictions),
        tokens=sum(prediction.tokens for prediction in predictions),
    )


def _base64(vector: NDArray[np.floating]) -> str:
    return base64.b64encode(vector.tobytes()).decode("ascii")
