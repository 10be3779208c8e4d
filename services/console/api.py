"""The platform's public API, as the pages use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx

from services.console.recent import RecentAnswers
from services.console.session import Role

Json = dict[str, Any]

#: Seconds; a bot file is tried with many turns before it is applied.
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
#: Seconds that a page waits for what may take long.
_PATIENCE = 0.5
_READY = "/health/ready"
_UPLOAD = httpx.Timeout(600.0, connect=5.0)


class ApiError(Exception):
    """The platform refused, or did not answer; the message is for the person in front of the page.

    Attributes:
        status: The HTTP status; 0 if there was no answer.
        faults: What is wrong with a file, each with line, field and message.
    """

    def __init__(self, message: str, *, status: int = 0, faults: list[Json] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.faults = faults or []


class Api:
    """The API with one person's key.

    Args:
        http: Shared by all; knows the address.
        recent: Shared by all; what is read again and again is asked once a second.
        key: Theirs.
    """

    def __init__(self, http: httpx.AsyncClient, recent: RecentAnswers, key: str) -> None:
        self._http = http
        self._recent = recent
        self._key = key
        self._headers = {"Authorization": f"Bearer {key}"}

    async def get(self, path: str, **query: Any) -> Json:
        """GET an object; parameters that are ``None`` are left out."""
        given = _given(query)
        question = (self._key, path, *(f"{name}={value}" for name, value in sorted(given.items())))
        answer: Json = await self._recent.get(question, lambda: self._call("GET", path, params=given))
        return answer

    async def post(self, path: str, body: object = None, **query: Any) -> Json:
        """POST a JSON body."""
        return await self._change("POST", path, json={} if body is None else body, params=_given(query))

    async def put(self, path: str, body: object) -> Json:
        """PUT a JSON body."""
        return await self._change("PUT", path, json=body)

    async def delete(self, path: str) -> Json:
        """DELETE a resource."""
        return await self._change("DELETE", path)

    async def upload(self, name: str, content: bytes, purpose: str = "fine-tune") -> Json:
        """Upload a file."""
        files = {"file": (name, content)}
        return await self._change("POST", "/v1/files", data={"purpose": purpose}, files=files, timeout=_UPLOAD)

    def forget(self) -> None:
        """What was asked a moment ago is known to be old."""
        self._recent.forget(self._key)

    async def content(self, file_id: str) -> bytes:
        """The bytes of a file."""
        return (await self._answer("GET", f"/v1/files/{segment(file_id)}/content")).content

    async def status(self) -> tuple[bool | None, Json]:
        """Whether the platform is ready, and what it lacks; ``None`` while it takes its time: it tries a real turn first."""
        try:
            found: tuple[bool, Json] = await asyncio.wait_for(self._recent.get(("", _READY), self._ready), _PATIENCE)
        except TimeoutError:
            return None, {}
        return found

    async def _ready(self) -> tuple[bool, Json]:
        try:
            response = await self._http.get(_READY)
            body: Json = response.json()
        except (httpx.HTTPError, ValueError) as error:
            return False, {"problems": {"platform": f"no answer ({type(error).__name__})"}}
        return response.is_success, body

    async def role(self) -> tuple[Role, str]:
        """What the key may, and its name.

        Raises:
            ApiError: The key is unknown, or the platform is away.
        """
        own = await self.get("/v1/keys/own")
        return own["role"], own["name"]

    async def events(self, path: str, **query: Any) -> AsyncIterator[str]:
        """The names of the events of a stream as they come, until it ends.

        Raises:
            ApiError: It could not be opened, or broke.
        """
        try:
            async with self._http.stream(
                "GET", path, params=_given(query), headers=self._headers, timeout=httpx.Timeout(60.0)
            ) as response:
                if response.is_error:
                    await response.aread()
                    raise _refusal(response)
                async for line in response.aiter_lines():
                    if line.startswith("event:"):
                        yield line.removeprefix("event:").strip()
        except httpx.HTTPError as error:
            raise _away(error) from error

    async def _change(self, method: str, path: str, **arguments: Any) -> Json:
        try:
            return await self._call(method, path, **arguments)
        finally:
            self._recent.forget(self._key)

    async def _call(self, method: str, path: str, **arguments: Any) -> Json:
        try:
            answer: Json = (await self._answer(method, path, **arguments)).json()
        except ValueError:
            raise ApiError(f"{path} answered with something else than JSON") from None
        return answer

    async def _answer(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            response = await self._http.request(method, path, headers=self._headers, **arguments)
        except httpx.HTTPError as error:
            raise _away(error) from error
        if response.is_error:
            raise _refusal(response)
        return response


def client(url: str) -> httpx.AsyncClient:
    """What all pages of a process share."""
    return httpx.AsyncClient(base_url=url.rstrip("/"), timeout=_TIMEOUT, trust_env=False)


def segment(value: str) -> str:
    """An id as one path segment: nothing in an address adds a level to the path."""
    return quote(value, safe=":")


def _given(query: Json) -> Json:
    return {name: value for name, value in query.items() if value is not None}


def _away(error: httpx.HTTPError) -> ApiError:
    return ApiError(f"The platform does not answer ({type(error).__name__}); is it running?")


def _refusal(response: httpx.Response) -> ApiError:
    try:
        error = response.json()["error"]
        message, param, faults = str(error["message"]), error.get("param"), error.get("faults")
    except (ValueError, KeyError, TypeError):
        return ApiError(f"The platform answered {response.status_code} without a reason.", status=response.status_code)
    return ApiError(f"{message} ({param})" if param else message, status=response.status_code, faults=faults)
