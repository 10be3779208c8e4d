"""``POST /v1/embeddings``."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence

from fastapi.concurrency import run_in_threadpool

from services.gateway.analysis.schemas import TokenUsage
from services.gateway.embeddings.schemas import Embedding, Embeddings, EmbeddingsRequest
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.router import resource
from services.gateway.state import AppState, State
from shared.artifacts.layout import BASE_MODELS
from shared.errors import InvalidInput
from shared.storage.tables.core import Model
from shared.storage.training import models
from shared.storage.training.model_names import ALIAS, model_named

router = resource("Embeddings")

FLOAT_BYTES = 4


@router.post("/embeddings")
async def create(body: EmbeddingsRequest, state: State, _caller: ChatCaller) -> Embeddings:
    """Embed texts with the encoder of a model, as floats or base64; `parley/NAME` is what serves a deployment."""
    if body.model in BASE_MODELS:
        return await _embedded(body, state, body.model)
    asked = await run_in_threadpool(_named, state, body.model)
    if asked is not None and asked.task == "embedding":
        return await _embedded(body, state, asked.id)
    read = await state.texts.read(body.texts, model=body.model if asked is None else asked.id, with_embeddings=True)
    size = len(base64.b64decode(read.embeddings[0])) // FLOAT_BYTES
    if body.dimensions not in (None, size):
        raise InvalidInput(
            f"The model's embeddings have {size} dimensions and are never cut; leave 'dimensions' out.",
            param="dimensions",
        )
    vectors = read.embeddings if body.encoding_format == "base64" else [_floats(text) for text in read.embeddings]
    return _reply(read.model, vectors, read.tokens)


async def _embedded(body: EmbeddingsRequest, state: AppState, model: str) -> Embeddings:
    """By a model that was trained for nothing else."""
    options = {} if body.dimensions is None else {"dimensions": body.dimensions}
    predicted = await state.predictions.ask(model, [{"text": text, **options} for text in body.texts])
    vectors: list[list[float]] = [answer["embedding"] for answer in predicted.answers]
    return _reply(
        model, [_base64(one) for one in vectors] if body.encoding_format == "base64" else vectors, predicted.tokens
    )


def _reply(model: str, vectors: Sequence[str | list[float]], tokens: int) -> Embeddings:
    return Embeddings(
        model=model,
        data=[Embedding(index=index, embedding=vector) for index, vector in enumerate(vectors)],
        usage=TokenUsage(prompt_tokens=tokens, total_tokens=tokens),
    )


def _named(state: AppState, name: str) -> Model | None:
    """The model that a name stands for, unless inference knows it better: the one in production, or one that is nowhere."""
    if name == ALIAS:
        return None
    with state.database.reading() as session:
        return models.find(session, model_named(session, name))


def _floats(encoded: str) -> list[float]:
    return [value for (value,) in struct.iter_unpack("<f", base64.b64decode(encoded))]


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
