"""The public API as the command uses it, with errors that say what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
from httpx_sse import EventSource, connect_sse

from services.cli.settings import Access

#: Seconds; uploads and chat turns may take long, connecting may not.
TIMEOUT = httpx.Timeout(600.0, connect=5.0)

Json = dict[str, Any]

#: The exit code where the server said no; see ``services.cli.__main__``.
REFUSED = 4

#: 500 is a mistake, which would happen again; a proxy in front answers 502 while what is behind it starts.
_TRANSIENT = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


class CommandError(Exception):
    """A command cannot go on.

    Attributes:
        exit_code: 1 failed, 3 not reachable, 4 refused by the server.
        faults: Rows or lines of a file that are wrong, if that is why.
        transient: The platform is away or busy: the same may work in a moment.
    """

    def __init__(
        self, message: str, *, exit_code: int = 1, faults: list[Json] | None = None, transient: bool = False
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.faults = faults or []
        self.transient = transient


class Api:
    """A connection to one Parley; a context manager."""

    def __init__(self, access: Access) -> None:
        headers = {"Authorization": f"Bearer {access.api_key}"} if access.api_key else {}
        self._url = access.url
        self._http = httpx.Client(base_url=access.url, headers=headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **params: object) -> Json:
        """GET a resource; parameters that are ``None`` are left out."""
        given = {name: str(value) for name, value in params.items() if value is not None}
        return self._call("GET", path, params=given)

    def post(self, path: str, body: object = None) -> Json:
        """POST a JSON body."""
        return self._call("POST", path, json={} if body is None else body)

    def put(self, path: str, body: object) -> Json:
        """PUT a JSON body."""
        return self._call("PUT", path, json=body)

    def send_rows(self, path: str, rows: bytes) -> Json:
        """POST NDJSON."""
        return self._call("POST", path, content=rows, headers={"Content-Type": "application/x-ndjson"})

    def content(self, path: str, **params: object) -> bytes:
        """The bytes of what is no JSON; parameters that are ``None`` are left out."""
        given = {name: str(value) for name, value in params.items() if value is not None}
        with self._reaching():
            response = self._http.get(path, params=given)
        if response.is_error:
            raise refusal(response)
        return response.content

    def delete(self, path: str) -> Json:
        """DELETE a resource."""
        return self._call("DELETE", path)

    def upload(self, path: Path, purpose: str = "fine-tune") -> Json:
        """Upload a file; it is streamed, never held in memory."""
        with path.open("rb") as content:
            return self._call("POST", "/v1/files", data={"purpose": purpose}, files={"file": (path.name, content)})

    def wait_until_ready(self, timeout: float) -> None:
        """Return once the bot answers.

        Raises:
            CommandError: It does not within ``timeout`` seconds; the message says what is missing.
        """
        deadline = time.monotonic() + timeout
        with self._reaching():
            while (response := self._http.get("/health/ready")).is_error:
                if time.monotonic() > deadline:
                    raise CommandError(f"The platform is not ready: {response.text}")
                time.sleep(0.1)

    def stream(self, method: str, path: str, body: object = None, idempotency_key: str | None = None) -> Iterator[Json]:
        """The JSON payloads of a server-sent event stream, until it ends."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        with self._reaching(), connect_sse(self._http, method, path, json=body, headers=headers) as source:
            if source.response.is_error:
                source.response.read()
                raise refusal(source.response)
            yield from _payloads(source)

    def download(self, file_id: str, target: Path) -> None:
        """Write the content of a file; it is streamed, never held in memory."""
        with self._reaching(), self._http.stream("GET", f"/v1/files/{segment(file_id)}/content") as response:
            if response.is_error:
                response.read()
                raise refusal(response)
            with target.open("wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)

    def pages(self, path: str, *, limit: int = 100, metadata: Mapping[str, str] | None = None) -> Iterator[Json]:
        """Every item of a paged list, as far as it is asked for."""
        wanted = {f"metadata[{key}]": value for key, value in (metadata or {}).items()}
        after: str | None = None
        while True:
            page = self.get(path, limit=limit, after=after, **wanted)
            yield from page["data"]
            if not page.get("has_more") or not page["data"]:
                return
            after = page["data"][-1]["id"]

    def _call(self, method: str, path: str, **arguments: Any) -> Json:
        with self._reaching():
            response = self._http.request(method, path, **arguments)
        if response.is_error:
            raise refusal(response)
        answer: Json = response.json()
        return answer

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise CommandError(
                f"No answer from {self._url} ({type(error).__name__}). Is it running? 'parley up' starts it here; "
                "--url or PARLEY_URL names another.",
                exit_code=3,
                transient=True,
            ) from error


def segment(value: str) -> str:
    """An id as one path segment: what a user typed never adds a level to the path."""
    return quote(value, safe=":")


def refusal(response: httpx.Response) -> CommandError:
    """The server's own words, with the field they are about."""
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        message = f"The server answered {response.status_code} without a reason."
        return CommandError(message, transient=response.status_code in _TRANSIENT)
    message = str(error.get("message"))
    if error.get("param"):
        message = f"{message} (field: {error['param']})"
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        message += " Give a key with --api-key or PARLEY_API_KEY."
    exit_code = 1 if response.is_server_error else REFUSED
    transient = response.status_code in _TRANSIENT
    return CommandError(message, exit_code=exit_code, faults=error.get("faults"), transient=transient)


def _payloads(source: EventSource) -> Iterator[Json]:
    for event in source.iter_sse():
        if event.data == "[DONE]":
            return
        payload: Json = event.json()
        if "error" in payload:
            raise CommandError(str(payload["error"].get("message")))
        yield payload
