"""Structured logs: one JSON object a line, or readable columns for a person at a terminal."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

from shared.privacy.masking import masked_values
from shared.telemetry import tracing
from shared.telemetry.correlation import correlation_id

_STANDARD_ERROR = 2
#: Size of a log file, and how many earlier ones are kept.
_FILE_BYTES = 20_000_000
_FILES_ASIDE = 4

Logger = structlog.stdlib.BoundLogger
LogFormat = Literal["json", "console"]

_OURS = ("services", "shared")
_NOISY_LIBRARIES = ("amqp", "kombu", "httpx", "httpcore", "fsspec", "matplotlib", "urllib3", "alembic", "mlflow")


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines. Those for which there is no room are lost, which is said once on standard error, not with each of them."""

    _lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        lost_before = self._lost
        super().emit(record)
        if self._lost == lost_before:
            self._lost = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging calls it so
        """A line could not be made or written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        if self._lost == 0:
            with suppress(OSError):
                os.write(_STANDARD_ERROR, f"Log lines are lost until they can be written again: {error}.\n".encode())
        self._lost += 1


class _LinesOfFile(_Lines, RotatingFileHandler):
    """In a file that cannot grow for ever: whoever can provoke a line could fill the disk."""

    def __init__(self, file: Path) -> None:
        RotatingFileHandler.__init__(self, file, maxBytes=_FILE_BYTES, backupCount=_FILES_ASIDE, encoding="utf-8")


def get(name: str) -> Logger:
    """The logger of a module; cheap enough for module level, since nothing is configured by it."""
    return structlog.stdlib.get_logger(name)


def configure(
    service: str, level: str, log_format: LogFormat, *, stream: TextIO | None = None, file: Path | None = None
) -> None:
    """Set logging up for this process; called by its ``__main__``.

    Args:
        service: Named in every line.
        level: The least that is written.
        log_format: JSON, or columns.
        stream: Where lines go; standard error unless told otherwise.
        file: Where they go instead. Once it is large it is put aside, and the oldest of those put aside is deleted.

    Raises:
        OSError: The file cannot be opened.
    """
    target = stream or sys.stderr
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=file is None and target.isatty())
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
    handler = _Lines(target) if file is None else _LinesOfFile(file)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    for before in root.handlers:
        if isinstance(before, _LinesOfFile):
            before.close()
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
            if tracing.is_on():
                event["trace_id"] = tracing.trace_id(current)
        return event

    return add


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last line of defence: nobody logs a customer's words on purpose, but an exception may quote them."""
    for key, value in event.items():
        if not key.startswith("_"):  # those are the library's own, and leave before the line is written
            event[key] = masked_values(value)
    return event
