"""Keeps what nlu tells of the inputs of models in production."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from shared.contracts.monitoring.inputs import InputsObserved
from shared.storage.chat import inputs
from shared.storage.database.engine import Database
from shared.storage.tables.platform import InputWindow
from shared.storage.training import models

#: Seconds for which windows are kept.
KEPT_SECONDS = 30 * 86_400.0


def keep(database: Database, messages: Sequence[InputsObserved]) -> None:
    """Keep the windows of models that serve a deployment; others are asked by callers who try them.

    Raises:
        Unavailable: The database is away; the call can be repeated, and counts nothing twice.
    """
    with database.transaction() as session:
        serving: dict[str, list[str]] = {}
        for deployment, model in models.deployments(session).items():
            serving.setdefault(model, []).append(deployment)
        windows = [row for message in messages for row in _rows(message, serving.get(message.model, []))]
        # In the order of their keys, so that concurrent calls wait for each other instead of dying in a deadlock.
        inputs.put(session, sorted(windows, key=lambda one: (one.deployment, one.model, one.start, one.process)))


def _rows(message: InputsObserved, deployments: Sequence[str]) -> Iterator[InputWindow]:
    for deployment in deployments:
        yield InputWindow(
            deployment=deployment,
            model=message.model,
            start=message.start,
            process=message.process,
            texts=message.texts,
            out_of_scope=message.out_of_scope,
            confidences=list(message.confidences),
            embedding=base64.b64decode(message.embedding) or None,
        )
