"""``POST /v1/embeddings``."""

from __future__ import annotations

import base64
import struct

from services.gateway.analysis.schemas import TokenUsage
from services.gateway.embeddings.schemas import Embedding, Embeddings, EmbeddingsRequest
from services.gateway.http.auth import ChatCaller
from services.gateway.http.router import resource
from services.gateway.state import State
from shared.errors import InvalidInput

router = resource("Embeddings")

FLOAT_BYTES = 4


@router.post("/embeddings")
async def create(body: EmbeddingsRequest, state: State, _caller: ChatCaller) -> Embeddings:
    """Embed texts with the encoder of a model, as floats or base64."""
    read = await state.texts.read(body.texts, model=body.model, with_embeddings=True)
    size = len(base64.b64decode(read.embeddings[0])) // FLOAT_BYTES
    if body.dimensions not in (None, size):
        raise InvalidInput(
            f"The model's embeddings have {size} dimensions and are never cut; leave 'dimensions' out.",
            param="dimensions",
        )
    vectors = read.embeddings if body.encoding_format == "base64" else [_floats(text) for text in read.embeddings]
    return Embeddings(
        model=read.model,
        data=[Embedding(index=index, embedding=vector) for index, vector in enumerate(vectors)],
        usage=TokenUsage(prompt_tokens=read.tokens, total_tokens=read.tokens),
    )


def _floats(encoded: str) -> list[float]:
    return [value for (value,) in struct.iter_unpack("<f", base64.b64decode(encoded))]
