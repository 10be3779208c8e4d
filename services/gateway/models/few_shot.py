"""Making models of a few examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from secrets import token_hex

from services.gateway.models.schemas import CreateFewShot
from shared.artifacts.layout import FEW_SHOT
from shared.contracts.training.few_shot import FewShot, FewShotLabel
from shared.errors import InvalidInput
from shared.privacy.masking import masked
from shared.storage.database.engine import Session
from shared.storage.tables.core import Model
from shared.storage.training import models
from shared.storage.training.model_names import model_named

#: Tasks whose models make embeddings.
_EMBEDDERS = ("nlu", "embedding")


def add_few_shot(session: Session, asked: CreateFewShot, now: float) -> Model:
    """Store a model; it answers as soon as it is asked.

    Raises:
        NotFound: There is no such embedding model, or none is in production.
        InvalidInput: It makes no embeddings.
    """
    embedder = models.get(session, model_named(session, asked.embedding_model))
    if embedder.task not in _EMBEDDERS or embedder.few_shot is not None:
        raise InvalidInput(
            f"{embedder.id} makes no embeddings; name a model of {' or '.join(_EMBEDDERS)}.", param="embedding_model"
        )
    few_shot = FewShot(labels=tuple(map(_masked, asked.labels)), embedder=embedder.id)
    model = Model(
        id=f"{FEW_SHOT}{asked.name}:{token_hex(4)}",
        task="text_classification",
        base_model=embedder.id,
        created_at=now,
        size_bytes=len(few_shot.model_dump_json()),
        few_shot=few_shot,
    )
    return models.add(session, model)


def rows_of(few_shot: FewShot) -> Iterator[bytes]:
    """The examples as rows of a training file: where a job begins when they are no longer enough."""
    for label in few_shot.labels:
        for text in label.examples:
            yield json.dumps({"text": text, "label": label.name}, ensure_ascii=False).encode() + b"\n"


def _masked(label: FewShotLabel) -> FewShotLabel:
    """What is personal in the texts is not kept."""
    description = None if label.description is None else masked(label.description)
    return label.model_copy(update={"description": description, "examples": tuple(map(masked, label.examples))})
