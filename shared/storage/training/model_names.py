"""What callers may call a model: its id, or the name of the deployment that it serves."""

from __future__ import annotations

from typing import TypeGuard

from shared.errors import NotFound
from shared.storage.database.engine import Session
from shared.storage.training import models

ALIAS = "parley"
"""The model in production that reads chats; ``parley/NAME`` is the one of the deployment ``NAME``."""

CHATS = "nlu"
"""The deployment that ``parley`` stands for."""


def alias_of(deployment: str) -> str:
    """The name under which callers ask for whatever a deployment serves."""
    return ALIAS if deployment == CHATS else f"{ALIAS}/{deployment}"


def deployment_of(name: str) -> str | None:
    """The deployment that a name stands for; ``None`` if it is the id of a model."""
    if name == ALIAS:
        return CHATS
    head, slash, deployment = name.partition("/")
    return deployment if slash and head == ALIAS else None


def is_deployment(name: str | None) -> TypeGuard[str]:
    """Whether a name stands for a deployment that inference does not know by itself."""
    return name is not None and deployment_of(name) not in (None, CHATS)


def model_named(session: Session, name: str) -> str:
    """The id of the model that a name stands for now; an id stands for itself.

    Raises:
        NotFound: Nothing is in production under that name.
    """
    deployment = deployment_of(name)
    if deployment is None:
        return name
    found = models.production(session, deployment)
    if found is None:
        where = "yet" if deployment == CHATS else f"as {deployment!r}; GET /v1/models lists what is"
        raise NotFound(f"No model is in production {where}.", param="model", code="model_not_found")
    return found
