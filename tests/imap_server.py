"""A real IMAP server (pymap) on this machine."""

from __future__ import annotations

import imaplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import free_port
from tests.waiting import wait_for


@contextmanager
def imap_server(user: str, password: str) -> Iterator[int]:
    """Its port; it knows one user."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("pymap")), "--no-tls", "--host", "127.0.0.1", "--port", str(port)]
    command += ["dict", "--demo-user", user, "--demo-password", password]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(port), 20, "an IMAP server")
        yield port
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        imaplib.IMAP4("127.0.0.1", port, timeout=2).shutdown()
    except OSError:
        return False
    return True
