"""The correlation id: bound once per request or message, present in every log line and outgoing message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.telemetry.unique import unique_id

_current: ContextVar[str] = ContextVar("correlation_id", default="")


def new_correlation_id() -> str:
    """A fresh id: 32 hexadecimal digits."""
    return unique_id()


def correlation_id() -> str:
    """The id bound in this context, or an empty string."""
    return _current.get()


@contextmanager
def bound(value: str) -> Iterator[None]:
    """Bind ``value`` for everything that happens inside."""
    token = _current.set(value)
    try:
        yield
    finally:
        _current.reset(token)
