"""The models that write, by id or by the name of an engine: loaded when first asked for, the least recently used one leaving first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from services.generation.language_models.generator import Generator
from shared.contracts.chat.generation import GenerateText
from shared.contracts.message import Message
from shared.errors import Unavailable
from shared.messaging.consuming.handlers import Emitter
from shared.telemetry import logs

#: Threads that make prompts out of conversations.
_ASKING = 4

_log = logs.get(__name__)


@dataclass(slots=True)
class _Entry:
    loading: Future[Generator]
    answers: int = 0
    """Under way, or waiting for the model to be loaded."""


class LanguageModels:
    """Hands each request to its model.

    Loading goes on in the background: meanwhile requests for other models are answered, and those for this one wait.

    Args:
        load: A model by its id.
        engines: Models that are always there, by name.
        capacity: Loaded models kept.
    """

    def __init__(self, load: Callable[[str], Generator], engines: Mapping[str, Generator], capacity: int) -> None:
        self._load = load
        self._engines = engines
        self._capacity = capacity
        self._lock = Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="language-model-loader")
        self._asking = ThreadPoolExecutor(_ASKING, thread_name_prefix="prompts")

    def generate(self, request: GenerateText, emitter: Emitter) -> None:
        """A ``StreamHandler``: returns at once.

        Raises:
            Unavailable: As many models as may be loaded are all busy.
        """
        engine = self._engines.get(request.model.partition("/")[0])
        if engine is not None:
            engine.generate(request, emitter)
            return
        entry = self._entry(request.model)
        counted = _Counted(emitter, lambda: self._done(entry))
        entry.loading.add_done_callback(lambda loading: self._ask(loading, request, counted))

    def close(self) -> None:
        """Close every model and engine."""
        self._loader.shutdown(cancel_futures=True)
        self._asking.shutdown(cancel_futures=True)
        with self._lock:
            entries, self._entries = list(self._entries.values()), OrderedDict()
        for entry in entries:
            entry.loading.add_done_callback(_close)
        for engine in self._engines.values():
            engine.close()

    def _entry(self, model_id: str) -> _Entry:
        with self._lock:
            entry = self._entries.get(model_id)
            if entry is not None and entry.loading.done() and (entry.loading.cancelled() or entry.loading.exception()):
                del self._entries[model_id]  # what cannot be loaded is tried again by whoever asks next
                entry = None
            if entry is None:
                self._make_room(model_id)
                entry = self._entries[model_id] = _Entry(self._loader.submit(self._load, model_id))
            self._entries.move_to_end(model_id)
            entry.answers += 1
            return entry

    def _make_room(self, model_id: str) -> None:
        while len(self._entries) >= self._capacity:
            idle = next((name for name, entry in self._entries.items() if not entry.answers), None)
            if idle is None:
                raise Unavailable(f"{self._capacity} models are loaded and busy; ask for {model_id} again later")
            _log.info("language model leaves", model=idle)
            entry = self._entries.pop(idle)
            self._loader.submit(entry.loading.add_done_callback, _close)

    def _done(self, entry: _Entry) -> None:
        with self._lock:
            entry.answers -= 1

    def _ask(self, loading: Future[Generator], request: GenerateText, emitter: Emitter) -> None:
        try:
            self._asking.submit(_ask, loading, request, emitter)
        except RuntimeError:
            emitter.fail(Unavailable("the service is shutting down; send the request again"))


def _ask(loading: Future[Generator], request: GenerateText, emitter: Emitter) -> None:
    if emitter.cancelled:
        emitter.fail(Unavailable("the answer was cancelled"))
        return
    try:
        loading.result().generate(request, emitter)
    except Exception as error:  # noqa: BLE001  # whatever it is, the caller is told
        emitter.fail(error)


def _close(loading: Future[Generator]) -> None:
    if not loading.cancelled() and loading.exception() is None:
        loading.result().close()


@dataclass(slots=True)
class _Counted:
    """An emitter that tells when its answer has ended."""

    emitter: Emitter
    ended: Callable[[], None]
    lock: Lock = field(default_factory=Lock)
    over: bool = False

    @property
    def cancelled(self) -> bool:
        return self.emitter.cancelled

    def on_cancel(self, callback: Callable[[], None]) -> None:
        self.emitter.on_cancel(callback)

    def send(self, part: Message) -> None:
        self.emitter.send(part)

    def finish(self, outcome: Message) -> None:
        self.emitter.finish(outcome)
        self._end()

    def fail(self, error: Exception) -> None:
        self.emitter.fail(error)
        self._end()

    def _end(self) -> None:
        with self.lock:
            first, self.over = not self.over, True
        if first:
            self.ended()
