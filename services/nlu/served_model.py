"""Keeps the served model in step with what was promoted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.errors import NoModel, ParleyError
from shared.follower import Follower
from shared.inference.reading import Reader
from shared.inference.slot import ModelSlot
from shared.telemetry import logs, metrics

_log = logs.get(__name__)


class ServedModel:
    """Serves, in a slot, whatever the database says is in production.

    A model that cannot be loaded changes nothing: the one before it goes on serving, and loading is tried again with
    every ``follow``.

    Args:
        slot: Where requests find the reader.
        task: The name of the slot in metrics and logs.
        wanted: The id of the model in production.
        load: A warm reader of a model.
    """

    def __init__(
        self, slot: ModelSlot, task: str, wanted: Callable[[], str | None], load: Callable[[str], Reader]
    ) -> None:
        self._slot = slot
        self._task = task
        self._wanted = wanted
        self._load = load
        self._follower = Follower(self._update, self._report)

    @property
    def model_id(self) -> str | None:
        """The model being served, or ``None``."""
        return self._slot.model_id

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """The reader of the model being served, open until the context ends.

        Raises:
            NoModel: There is none; the message says why.
        """
        if self._slot.model_id is None:
            self.follow()  # the first one may have been promoted this very second
        if self._follower.failure and self._slot.model_id is None:
            raise NoModel(f"the model in production cannot be served: {self._follower.failure}")
        with self._slot.acquire() as reader:
            yield reader

    def follow(self) -> None:
        """Swap in the model in production unless it is being served. May be called from any thread."""
        self._follower.follow()

    def problem(self) -> str | None:
        """What is wrong, for readiness: nothing is served, or not what should be."""
        if self._follower.failure:
            return self._follower.failure
        return None if self._slot.model_id else f"no {self._task} model is in production; train or promote one"

    def _update(self) -> None:
        before, model_id = self._slot.model_id, self._wanted()
        if model_id is None or model_id == before:
            return
        self._slot.swap(self._load(model_id))
        metrics.MODEL_SWAPS.labels(self._task).inc()
        metrics.MODEL_INFO.labels(self._task, model_id).set(1)
        if before is not None:
            metrics.MODEL_INFO.remove(self._task, before)
        _log.info("model swapped in", slot=self._task, model=model_id, before=before)

    def _report(self, error: ParleyError) -> None:
        if error.retryable:
            _log.warning(
                "cannot look which model is in production; trying again", slot=self._task, reason=error.message
            )
            return
        _log.error(
            "model in production cannot be served; the one before it stays",
            slot=self._task,
            serving=self._slot.model_id,
            reason=error.message,
            remedy="roll back or promote another model; loading is tried again every few seconds",
        )
