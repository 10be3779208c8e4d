"""What somebody waits for who publishes durable messages."""

from __future__ import annotations

from threading import Event, Lock

from shared.errors import ParleyError, TooManyRequests


class PublishConfirmation:
    """Becomes complete when the broker has confirmed all of its messages, or the first of them failed.

    Args:
        messages: How many there are.
    """

    def __init__(self, messages: int) -> None:
        self._lock = Lock()
        self._missing = messages
        self._done = Event()
        self._error: ParleyError | None = None

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for it any more, so that nothing of it need be sent."""
        return self._error is not None

    def confirm(self) -> None:
        """One message is safe."""
        with self._lock:
            self._missing -= 1
            if self._missing == 0:
                self._done.set()

    def refuse(self) -> None:
        """The broker has no room for one."""
        self.fail(TooManyRequests("the broker refused a message because its queue is full; try again later"))

    def fail(self, error: ParleyError) -> None:
        """One cannot be sent. The first error counts."""
        with self._lock:
            if self._missing and self._error is None:
                self._error = error
        self._done.set()

    def complete(self, seconds: float) -> bool:
        """Wait up to so many seconds; whether it is complete.

        Raises:
            ParleyError: What the first message that cannot be sent failed with.
        """
        done = self._done.wait(seconds)
        if self._error is not None:
            raise self._error
        return done
