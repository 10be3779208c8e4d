"""Models that a caller names, beside the one in production: loaded when first asked for, at most a few kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from shared.errors import Unavailable
from shared.inference.predictor import Predictor

#: Seconds for which a model is kept for its callers to ask again while it loads, though others want its place.
_PATIENCE = 5.0


@dataclass(slots=True)
class _Entry:
    loading: Future[Predictor]
    kept_until: float


class NamedModels:
    """Named models, least recently used first out.

    Loading goes on in the background, so that chats do not wait for it: until it is done callers get a retryable
    error, and the consumer loop asks again for as long as they wait. To be used by one thread.

    Args:
        load: A model, warm.
        clock: Seconds that never go back.
        capacity: Models kept.
    """

    def __init__(self, load: Callable[[str], Predictor], *, clock: Callable[[], float], capacity: int = 2) -> None:
        self._load = load
        self._clock = clock
        self._capacity = capacity
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="model-loader")

    def model(self, model_id: str) -> Predictor:
        """The model ``model_id``; open until the next call.

        Raises:
            Unavailable: The model is being loaded, or others are and there is no room.
            ParleyError: It cannot be loaded; the next call tries again.
        """
        entry = self._entries.get(model_id) or self._start(model_id)
        self._entries.move_to_end(model_id)
        if not entry.loading.done():
            entry.kept_until = self._clock() + _PATIENCE
            raise Unavailable(f"{model_id} is being loaded; send the request again in a second")
        entry.kept_until = self._clock()
        if entry.loading.exception() is not None:
            del self._entries[model_id]
        return entry.loading.result()

    def close(self) -> None:
        """Close every model."""
        self._loader.shutdown(cancel_futures=True)
        for model_id in list(self._entries):
            self._evict(model_id)

    def _start(self, model_id: str) -> _Entry:
        now = self._clock()
        while len(self._entries) >= self._capacity:
            free = next((name for name, entry in self._entries.items() if entry.kept_until <= now), None)
            if free is None:
                raise Unavailable(f"other models are being loaded; ask for {model_id} again in a few seconds")
            self._evict(free)
        entry = _Entry(self._loader.submit(self._load, model_id), now + _PATIENCE)
        self._entries[model_id] = entry
        return entry

    def _evict(self, model_id: str) -> None:
        # Of a load under way the callback closes the model once it is there.
        self._entries.pop(model_id).loading.add_done_callback(_close_loaded)


def _close_loaded(loading: Future[Predictor]) -> None:
    if not loading.cancelled() and loading.exception() is None:
        loading.result().close()
