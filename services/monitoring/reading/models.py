"""The models that a stream is read with, by the names that its declaration has for them."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.monitoring.streams import StreamSpec
from shared.errors import NoModel, NotFound
from shared.storage.database.engine import Session
from shared.storage.training import models
from shared.storage.training.model_names import ALIAS, model_named


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A model that is there: its id and task."""

    id: str
    task: str


@dataclass(frozen=True, slots=True)
class StreamModels:
    """What reads a stream; ``None`` where nothing was asked for, or what was is gone.

    Attributes:
        sentiment: Of whole documents and of the windows around mentions.
        entity: Of pairs.
        topic: Of whole documents.
        finder: Of the names in a text.
        embedder: Tells what is near the examples of topics.
        gone: Names that stand for no model any more.
    """

    sentiment: ChosenModel | None
    entity: ChosenModel | None
    topic: ChosenModel | None
    embedder: ChosenModel | None
    finder: ChosenModel | None
    gone: tuple[str, ...] = ()


def models_of(session: Session, spec: StreamSpec) -> StreamModels:
    """The models behind the names of a declaration now.

    Raises:
        NoModel: The stream is to be read by the model in production, and none is yet.
    """
    gone: list[str] = []

    def chosen(name: str | None) -> ChosenModel | None:
        if name is None:
            return None
        try:
            model = models.get(session, model_named(session, name))
        except NotFound:
            gone.append(name)
            return None
        return ChosenModel(model.id, model.task)

    sentiment = chosen(spec.model or ALIAS)
    if sentiment is None and spec.model is None:
        raise NoModel("No model is in production yet; promote one, or name one for the stream.")
    embedder = None
    if spec.topics and spec.topic_model is None:
        embedder = sentiment if sentiment is not None and sentiment.task == "nlu" else chosen(ALIAS)
    return StreamModels(
        sentiment,
        chosen(spec.entity_model),
        chosen(spec.topic_model),
        embedder,
        chosen(spec.entity_finder),
        tuple(gone),
    )
