"""Which methods of the installed official client are served: `python -m tests.clients.methods` writes the table of docs/clients.md.

A method is asked for what it sends by calling it with a transport that answers nothing; where that goes is then looked up among the
routes of the application.
"""

from __future__ import annotations

import inspect
import typing
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
from openai import OpenAI
from openai._resource import SyncAPIResource
from starlette.routing import Match

from services.gateway.api import ROUTERS

DOCUMENT = Path(__file__).parents[2] / "docs" / "clients.md"
MARK = "<!-- python -m tests.clients.methods -->"
_ID = "x"

#: Resources that are no part of what Parley exists for.
NOT_OURS = {
    "audio": "voices are those of the operator's engine",
    "beta": "hosted agents and previews",
    "containers": "no code of strangers is run",
    "content_provenance_checks": "pictures and sounds",
    "images": "pictures",
    "live": "speech",
    "realtime": "speech",
    "safety": "cases of a hosted service",
    "skills": "no code of strangers is run",
    "videos": "pictures",
}
#: Methods of ours that are refused, and why.
REFUSED = {
    "completions.create": "the legacy endpoint; send `prompt` as a message to `/v1/chat/completions`",
    "fine_tuning.checkpoints.permissions": "models belong to the platform, not to projects",
    "responses.compact": "a response is continued by `previous_response_id` or a conversation",
}

Verdict = Literal["served", "refused", "not ours"]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the client, and what becomes of it.

    Attributes:
        name: As one writes it behind ``client.``.
        request: Verb and path of what it sends; ``None`` where it sends nothing by itself.
        verdict: Whether a route takes it.
        reason: Why not.
    """

    name: str
    request: tuple[str, str] | None
    verdict: Verdict
    reason: str = ""


class _Sent(Exception):  # no error: what was wanted
    def __init__(self, request: httpx2.Request) -> None:
        super().__init__()
        self.request = request


def methods() -> list[Method]:
    """Every method that sends a request, in the order of names."""
    with OpenAI(base_url="http://client/v1", api_key="k", max_retries=0, http_client=_nowhere()) as client:
        found = [_judged(name, _request_of(method)) for name, method in sorted(_walk(client, ""))]
    return [method for method in found if method.request is not None]


def _nowhere() -> httpx2.Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise _Sent(request)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def _walk(owner: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name in dir(type(owner)):
        if name.startswith(("_", "with_")):
            continue
        try:
            value = getattr(owner, name)
        except (AttributeError, TypeError, ValueError):
            continue
        if isinstance(value, SyncAPIResource):
            yield from _walk(value, f"{path}{name}.")
        elif inspect.ismethod(value) and isinstance(owner, SyncAPIResource):
            yield f"{path}{name}", value


def _request_of(method: Any) -> tuple[str, str] | None:
    """What it sends when it is called with something for everything that it demands."""
    try:
        parameters = inspect.signature(method).parameters.values()
        hints = typing.get_type_hints(method.__func__)
    except (NameError, TypeError):
        return None
    demanded = [one for one in parameters if one.default is inspect.Parameter.empty and one.kind is not one.VAR_KEYWORD]
    arguments = {one.name: _something(hints.get(one.name)) for one in demanded if one.kind is not one.VAR_POSITIONAL}
    try:
        with warnings.catch_warnings(action="ignore"):  # some are deprecated, and still there
            method(**arguments)
    except BaseException as error:  # noqa: BLE001  # the client wraps what a transport raises
        sent = next((one for one in _causes(error) if isinstance(one, _Sent)), None)
        return (sent.request.method, sent.request.url.path) if sent is not None else None
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _something(hint: Any) -> Any:
    text = str(hint)
    if "Iterable" in text or "List" in text or "Sequence" in text:
        return []
    if "FileTypes" in text or "IO[bytes]" in text or "PathLike" in text:
        return ("x", b"x")
    if hint is int:
        return 1
    return _ID if hint is str or "Literal" in text or "str" in text else {}


def _judged(name: str, request: tuple[str, str] | None) -> Method:
    if request is not None and _is_served(*request):
        return Method(name, request, "served")
    for table, verdict in ((REFUSED, "refused"), (NOT_OURS, "not ours")):
        reason = next((why for prefix, why in table.items() if f"{name}.".startswith(f"{prefix}.")), None)
        if reason is not None:
            return Method(name, request, typing.cast("Verdict", verdict), reason)
    return Method(name, request, "refused", "(no reason is written down)")


def _is_served(verb: str, path: str) -> bool:
    scope = {"type": "http", "method": verb, "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for router in ROUTERS for route in router.routes)


def table(found: list[Method]) -> str:
    """The methods as a table, a resource a line."""
    lines = ["| method | request | |", "|---|---|---|"]
    for method in found:
        verb, path = method.request or ("", "")
        told = method.verdict if not method.reason else f"{method.verdict}: {method.reason}"
        lines.append(f"| `{method.name}` | `{verb} {path}` | {told} |")
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in ("served", "refused", "not ours")}
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    return f"{len(found)} methods: {told}.\n\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Write the table into the document."""
    head = DOCUMENT.read_text(encoding="utf-8").partition(MARK)[0]
    DOCUMENT.write_text(f"{head}{MARK}\n{table(methods())}", encoding="utf-8")


if __name__ == "__main__":
    main()
