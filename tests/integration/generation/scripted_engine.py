"""An OpenAI-compatible engine that says what a test has written down, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any

from tests.http_server import served


@dataclass
class Engine:
    """What it says next, and what it was asked."""

    url: str = ""
    pieces: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    hold: Event = field(default_factory=Event)
    """After its first piece it waits for this."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Functions with their arguments, that it calls in place of its words where functions are offered and nothing came back yet."""

    def say(self, *pieces: str, held: bool = False) -> None:
        """Answer so from now on."""
        self.pieces = list(pieces)
        if held:
            self.hold.clear()
        else:
            self.hold.set()


@contextmanager
def scripted_engine() -> Iterator[Engine]:
    """Start it."""
    engine = Engine()
    engine.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            engine.asked.append(asked)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            if engine.calls and asked.get("tools") and asked["messages"][-1]["role"] != "tool":
                for index, (name, arguments) in enumerate(engine.calls):
                    self._call(index, name, arguments)
                self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
                self.wfile.write(b"data: [DONE]\n\n")
                return
            for number, piece in enumerate(engine.pieces):
                self._event({"choices": [{"index": 0, "delta": {"content": piece}}]})
                if number == 0:
                    engine.hold.wait(60)
            self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            self.wfile.write(b"data: [DONE]\n\n")

        def _call(self, index: int, name: str, arguments: str) -> None:
            function = {"name": name, "arguments": ""}
            begun = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
            for piece in (begun, *({"index": index, "function": {"arguments": some}} for some in arguments)):
                self._event({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]})

        def _event(self, content: dict[str, Any]) -> None:
            self.wfile.write(f"data: {json.dumps(content)}\n\n".encode())
            self.wfile.flush()

    with served(Handler) as url:
        engine.url = f"{url}/v1"
        try:
            yield engine
        finally:
            engine.hold.set()
