"""Structured logs: one JSON object a line, or readable columns for a person at a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO

import structlog

from shared.privacy.masking import masked_values
from shared.telemetry.correlation import correlation_id

_STANDARD_ERROR = 2

Logger = structlog.stdlib.BoundLogger
LogFormat = Literal["json", "console"]

_OURS = ("services", "shared")
_NOISY_LIBRARIES = ("amqp", "kombu", "httpx", "httpcore", "fsspec", "matplotlib", "urllib3", "alembic")


class _Lines(logging.StreamHandler[TextIO]):
    """The handler that ``configure`` makes; a test runner may have others."""


def get(name: str) -> Logger:
    """The logger of a module; cheap enough for module level, since nothing is configured by it."""
    return structlog.stdlib.get_logger(name)


def configure(service: str, level: str, log_format: LogFormat, stream: TextIO | None = None) -> None:
    """Set logging up for this process (on standard error unless told otherwise); called by its ``__main__``."""
    target = stream or sys.stderr
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _add_context(service),
        structlog.processors.format_exc_info,
        _mask,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        # What the level leaves out is dropped first: masking it would cost every request more than its routing does.
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Lines(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Of libraries nothing finer than info: at debug some of them log what they carry, such as the rows of a query.
    root.setLevel(max(logging.getLevelNamesMapping()[level.upper()], logging.INFO))
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in _NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def descriptor() -> int:
    """The open file that the lines of this process go to: what a child process is to take for its standard error."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Lines):
            with suppress(ValueError):  # it is closed, or only in memory
                return handler.stream.fileno()
    return _STANDARD_ERROR


def _add_context(service: str) -> structlog.types.Processor:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        current = correlation_id()
        if current:
            event["correlation_id"] = current
        return event

    return add


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last line of defence: nobody logs a customer's words on purpose, but an exception may quote them."""
    for key, value in event.items():
        if not key.startswith("_"):  # those are the library's own, and leave before the line is written
            event[key] = masked_values(value)
    return event
