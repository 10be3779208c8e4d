"""Sums up what models are asked, window by window, for monitoring to compare with their training."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from threading import Lock

from shared.contracts.monitoring.inputs import WINDOW_SECONDS, InputsObserved
from shared.errors import TooManyRequests, Unavailable
from shared.inference.input_profile import InputProfile, profile_of_predictions, profile_of_readings
from shared.inference.predictor import Prediction
from shared.inference.reading import Reading
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.telemetry import logs

_log = logs.get(__name__)

#: Windows kept at most; callers may name many models.
_KEPT = 200


class InputWatch:
    """Adds up, and tells. Thread-safe.

    Args:
        process: An id of this process.
        publisher: Takes the sums.
        clock: Unix seconds.
    """

    def __init__(self, process: str, publisher: Publisher, clock: Callable[[], float]) -> None:
        self._process = process
        self._publisher = publisher
        self._clock = clock
        self._lock = Lock()
        self._windows: dict[tuple[str, int], InputProfile] = {}
        self._changed: set[tuple[str, int]] = set()

    def read(self, model: str, readings: Sequence[Reading]) -> None:
        """Note what a joint model has read."""
        self._add(model, profile_of_readings(readings))

    def answered(self, model: str, predictions: Sequence[Prediction]) -> None:
        """Note what any other model has answered."""
        found = profile_of_predictions(predictions)
        if found is not None:
            self._add(model, found)

    def tell(self) -> None:
        """Tell the sums of the windows that grew. What cannot be told now is told with the next."""
        with self._lock:
            changed, self._changed = self._changed, set()
            told = [self._message(key) for key in sorted(changed) if key in self._windows]
        try:
            self._publisher.publish([envelope(message) for message in told])
        except (Unavailable, TooManyRequests) as error:
            _log.info("what models are asked is told later", reason=error.message)
            with self._lock:
                self._changed |= changed

    def _add(self, model: str, profile: InputProfile) -> None:
        if not profile.texts:
            return
        key = (model, int(self._clock()) // WINDOW_SECONDS * WINDOW_SECONDS)
        with self._lock:
            if key not in self._windows and len(self._windows) >= _KEPT:
                del self._windows[min(self._windows, key=lambda one: one[1])]
            self._windows.setdefault(key, InputProfile()).add(profile)
            self._changed.add(key)

    def _message(self, key: tuple[str, int]) -> InputsObserved:
        found = self._windows[key]
        vector = b"" if found.embedding is None else found.embedding.astype("<f4").tobytes()
        return InputsObserved(
            model=key[0],
            process=self._process,
            start=key[1],
            texts=found.texts,
            out_of_scope=found.out_of_scope,
            confidences=tuple(found.confidences),
            embedding=base64.b64encode(vector).decode("ascii"),
        )
