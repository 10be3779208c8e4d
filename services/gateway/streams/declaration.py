"""What is declared of a stream, held against the models that there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared.contracts.chat.understanding import SENTIMENTS
from shared.contracts.monitoring.alert_rules import PlatformRule
from shared.contracts.monitoring.streams import PLATFORM_STREAM, StreamSpec
from shared.errors import InvalidInput, NoModel, NotFound
from shared.storage.database.engine import Session
from shared.storage.monitoring import alert_channels
from shared.storage.tables.core import Model
from shared.storage.training import models
from shared.storage.training.model_names import ALIAS, model_named

#: What each field may name.
_TASKS: dict[str, tuple[str, ...]] = {
    "model": ("nlu", "text_classification"),
    "entity_model": ("pair_classification",),
    "topic_model": ("text_classification",),
    "entity_finder": ("token_classification",),
}

#: What the platform's own stream may declare.
_OF_THE_PLATFORM = {"rules", "channels", "escalate_minutes"}


def check(session: Session, spec: StreamSpec, *, receiving: bool = False) -> None:
    """Refuse what can never be read.

    Args:
        session: The open transaction.
        spec: What is declared.
        receiving: Whether documents come now: then a model has to be in production if the stream names none. A model that was deleted
            since does not keep them out: they are counted, without a sentiment.

    Raises:
        InvalidInput: A model has another task, or tells other labels.
        NotFound: A model is not there.
        NoModel: None is in production.
    """
    if receiving:
        if spec.model is None and _found(session, ALIAS) is None:
            raise NoModel("No model is in production yet; promote one, or name one for the stream.")
        return
    if missing := set(spec.channels) - alert_channels.known(session, spec.channels):
        raise NotFound(
            f"No alert channel {min(missing)!r}; PUT /v1/alert_channels/{min(missing)} makes it.", param="channels"
        )
    check_models(session, {field: getattr(spec, field) for field in _TASKS})


def check_models(session: Session, named: Mapping[str, str | None]) -> dict[str, str]:
    """The ids behind names, by the field that names them; those that are ``None`` are left out.

    Raises:
        InvalidInput: A model has another task than its field needs, or tells other labels.
        NotFound: A model is not there.
    """
    found = {}
    for field, name in named.items():
        if name is not None:
            model = models.get(session, model_named(session, name))
            _check_model(field, model, _TASKS[field])
            found[field] = model.id
    return found


def check_rules(stream: str, spec: StreamSpec) -> None:
    """Refuse rules about texts for the platform's own stream, rules about the platform for any other, and what that one has no use for.

    Raises:
        InvalidInput: There are.
    """
    for place, rule in enumerate(spec.rules or ()):
        if isinstance(rule, PlatformRule) != (stream == PLATFORM_STREAM):
            about = (
                "the platform; declare it on the stream 'parley'"
                if stream != PLATFORM_STREAM
                else "texts, which 'parley' has none of"
            )
            raise InvalidInput(f"{rule.type!r} is a rule about {about}.", param=f"rules.{place}")
    if stream == PLATFORM_STREAM and (unused := sorted(spec.model_fields_set - _OF_THE_PLATFORM)):
        raise InvalidInput(
            f"The stream {PLATFORM_STREAM!r} watches the platform itself and takes {', '.join(sorted(_OF_THE_PLATFORM))} alone.",
            param=unused[0],
        )


def problems(session: Session, spec: StreamSpec) -> Iterator[str]:
    """What cannot be done at present, each in a sentence."""
    for field in _TASKS:
        name = getattr(spec, field)
        if name is not None and _found(session, name) is None:
            yield f"'{field}' names {name}, which is no model any more: what it told is left untold."
    if _found(session, ALIAS) is None and (spec.model is None or (spec.topics and spec.topic_model is None)):
        yield "No model is in production that reads chats: " + (
            "documents are not taken." if spec.model is None else "topics cannot be told by their examples."
        )


def _found(session: Session, name: str) -> Model | None:
    try:
        return models.get(session, model_named(session, name))
    except NotFound:
        return None


def _check_model(field: str, model: Model, tasks: tuple[str, ...]) -> None:
    if model.task not in tasks:
        raise InvalidInput(f"{model.id} has the task {model.task}; '{field}' needs {' or '.join(tasks)}.", param=field)
    if field != "topic_model" and model.few_shot is not None:
        labels = {label.name for label in model.few_shot.labels}
        if not {"negative", "positive"} <= labels <= set(SENTIMENTS):
            raise InvalidInput(
                f"{model.id} tells {', '.join(sorted(labels))}; '{field}' needs negative, neutral and positive.",
                param=field,
            )
