"""A TCP proxy before the broker or the database: the network that fails when a test says so."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

_PORTS = {"amqp": 5672, "postgresql": 5432}


class Proxy:
    """Passes bytes between clients and a server.

    Args:
        server_url: What is behind it.
    """

    def __init__(self, server_url: str) -> None:
        self._behind = urlsplit(server_url)
        self._address = (self._behind.hostname or "127.0.0.1", self._behind.port or _PORTS[self._behind.scheme])
        self._lock = Lock()
        self._sockets: list[socket.socket] = []
        self._flowing = Event()
        self._flowing.set()
        self._port = 0
        self._server: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        credentials = self._behind.netloc.rpartition("@")[0]
        return self._behind._replace(netloc=f"{credentials}@127.0.0.1:{self._port}").geturl()

    def listen(self) -> None:
        """Let clients connect, always on the same port."""
        self._server = socket.create_server(("127.0.0.1", self._port))
        self._port = self._server.getsockname()[1]
        Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def deafen(self) -> None:
        """Refuse connections, and cut those there are: a server that is away."""
        if self._server is not None:
            # Only this ends an accept that waits.
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """End every connection without a word."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def freeze(self) -> None:
        """Pass nothing on: a server that listens and does not answer."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass on again, also what came meanwhile."""
        self._flowing.set()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            behind = socket.create_connection(self._address)
            for each in (client, behind):  # else Nagle's algorithm holds every small message back for 40 ms
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets += [client, behind]
            for source, target in ((client, behind), (behind, client)):
                Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxied(server_url: str) -> Iterator[Proxy]:
    """A proxy that listens."""
    proxy = Proxy(server_url)
    proxy.listen()
    try:
        yield proxy
    finally:
        proxy.thaw()
        proxy.deafen()
