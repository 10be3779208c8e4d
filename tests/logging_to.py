"""Logging as a process sets it up, for the time of a test."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog

from shared.telemetry import logs


@contextmanager
def lines_to(stream: TextIO) -> Iterator[None]:
    """Have every line written to a stream, by a service named ``test``."""
    root = logging.getLogger()
    handlers, level, config = list(root.handlers), root.level, structlog.get_config()
    logs.configure("test", "debug", "json", stream=stream)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**config)
