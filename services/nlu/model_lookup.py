"""Which model answers: the one in production, or another that was named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.nlu.named_models import NamedModels
from services.nlu.served_model import ServedModel
from shared.errors import InvalidInput
from shared.inference.predictor import Predictor
from shared.inference.reading import Reader


class ModelLookup:
    """Finds models. To be used by one thread.

    Args:
        production: The model of chats.
        named: Every other.
    """

    def __init__(self, production: ServedModel, named: NamedModels) -> None:
        self._production = production
        self._named = named

    @contextmanager
    def reader(self, model: str | None) -> Iterator[Reader]:
        """A model that understands texts, open until the context ends; ``None``: the one in production.

        Raises:
            NoModel: None is in production.
            InvalidInput: It has another task.
            Unavailable: It is being loaded.
        """
        if model is None or model == self._production.model_id:
            with self._production.reader() as reader:
                yield reader
            return
        found = self._named.model(model)
        if not isinstance(found, Reader):
            raise InvalidInput(
                f"{model} is a model of {found.task}; ask it by POST /v1/models/{{id}}/predict.", param="model"
            )
        yield found

    @contextmanager
    def predictor(self, model: str) -> Iterator[Predictor]:
        """A model of any task, open until the context ends.

        Raises:
            NotFound: There is no such model.
            Unavailable: It is being loaded.
        """
        if model == self._production.model_id:
            with self._production.reader() as reader:
                yield reader
        else:
            yield self._named.model(model)
