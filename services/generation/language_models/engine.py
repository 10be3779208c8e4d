"""An engine elsewhere that speaks the OpenAI API, as a model of ours."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import httpx

from services.generation.language_models.engine_tools import call_pieces, message_body, tools_body
from shared.contracts.chat.generation import (
    ChosenToken,
    FinishReason,
    GenerateText,
    TextGenerated,
    TextPiece,
    TokenLogprob,
    TokensProduced,
)
from shared.errors import InvalidInput, NotFound, ParleyError, TooManyRequests, Unavailable, reason_of
from shared.messaging.consuming.handlers import Emitter
from shared.settings import EngineAddress
from shared.telemetry import logs

#: Bytes of one event that an engine may send.
_LONGEST_EVENT = 1024 * 1024
#: Characters of an engine's words that are told to a caller.
_SHOWN = 500

_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}

_log = logs.get(__name__)


class Engine:
    """See ``Generator``. Each answer has a thread while it lasts.

    Args:
        name: What callers call it.
        address: Where it is, and how it is asked.
        limit: Answers at once; more wait.
    """

    def __init__(self, name: str, address: EngineAddress, limit: int) -> None:
        self._name = name
        self._address = address
        key = address.key.get_secret_value() if address.key else ""
        self._http = httpx.Client(
            base_url=address.url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(address.timeout_seconds, connect=5.0),
            limits=httpx.Limits(max_connections=limit),
        )
        self._pool = ThreadPoolExecutor(limit, thread_name_prefix=f"engine-{name}")

    def generate(self, request: GenerateText, emitter: Emitter) -> None:
        """See ``Generator``."""
        if request.prompt is not None:
            raise InvalidInput("engines answer conversations; send messages", param="prompt")
        self._pool.submit(self._answer, request, emitter)

    def close(self) -> None:
        """See ``Generator``."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _answer(self, request: GenerateText, emitter: Emitter) -> None:
        if emitter.cancelled:
            emitter.fail(Unavailable("the answer was cancelled"))
            return
        try:
            emitter.finish(self._stream(request, emitter))
        except ParleyError as error:
            emitter.fail(error)
        except httpx.TimeoutException:
            emitter.fail(Unavailable(f"the engine {self._name} does not answer; try again later"))
        except (httpx.HTTPError, httpx.StreamError) as error:
            if not emitter.cancelled:
                _log.warning("engine failed", engine=self._name, reason=type(error).__name__)
            emitter.fail(Unavailable(f"the engine {self._name} is away, or broke off; try again later"))
        except Exception as error:  # noqa: BLE001  # whatever an engine says, its caller is told
            _log.error("engine not understood", engine=self._name, reason=reason_of(error))
            emitter.fail(Unavailable(f"the engine {self._name} says what is not of the OpenAI API"))

    def _stream(self, request: GenerateText, emitter: Emitter) -> TextGenerated:
        ends = _Ends(request.model, request.choices)
        with self._http.stream("POST", "chat/completions", json=self._body(request)) as response:
            emitter.on_cancel(lambda: _hang_up(response))
            if response.status_code != HTTPStatus.OK:
                raise self._refusal(response)
            for chunk in _events(response):
                if emitter.cancelled:
                    break
                if "error" in chunk:
                    raise Unavailable(f"the engine {self._name} failed: {_message(chunk)}")
                pieces = tuple(_pieces(chunk))
                if pieces:
                    emitter.send(TokensProduced(pieces=pieces))
                ends.see(chunk, pieces)
        return ends.total(self._name)

    def _body(self, request: GenerateText) -> dict[str, Any]:
        how = request.sampling
        body: dict[str, Any] = {
            "model": request.model.partition("/")[2] or self._address.model or request.model,
            "messages": [message_body(message) for message in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            **how.model_dump(exclude_defaults=True, exclude={"top_logprobs", "json_schema", "stop"}),
        }
        if request.tools is not None:
            body |= tools_body(request.tools)
        if request.choices > 1:
            body["n"] = request.choices
        if how.stop:
            body["stop"] = list(how.stop)
        if how.top_logprobs is not None:
            body |= {"logprobs": True, "top_logprobs": how.top_logprobs}
        if how.json_schema is not None:
            schema = {"name": "answer", "schema": how.json_schema}
            body["response_format"] = (
                {"type": "json_schema", "json_schema": schema} if how.json_schema else {"type": "json_object"}
            )
        return body

    def _refusal(self, response: httpx.Response) -> ParleyError:
        """The engine's own words where the caller can do something about it."""
        response.read()
        try:
            words = _message(response.json())
        except ValueError:
            words = response.text[:_SHOWN]
        status, told = response.status_code, f"the engine {self._name} refuses: {words}"
        _log.warning("engine refused", engine=self._name, status=status)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return TooManyRequests(told)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return Unavailable(f"the engine {self._name} does not accept the key that it is asked with")
        if status == HTTPStatus.NOT_FOUND:
            return NotFound(told, param="model", code="model_not_found")
        return InvalidInput(told) if status < HTTPStatus.INTERNAL_SERVER_ERROR else Unavailable(told)


class _Ends:
    """How an answer ended, put together from its chunks."""

    def __init__(self, model: str, choices: int) -> None:
        self._model = model
        self._reasons: dict[int, FinishReason] = {}
        self._choices = choices
        self._usage: dict[str, Any] = {}
        self._tokens = 0

    def see(self, chunk: dict[str, Any], pieces: tuple[TextPiece, ...]) -> None:
        """Take notice of a chunk."""
        self._tokens += sum(piece.tokens for piece in pieces)
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices") or ():
            if reason := choice.get("finish_reason"):
                self._reasons[int(choice.get("index", 0))] = _REASONS.get(reason, "stop")

    def total(self, engine: str) -> TextGenerated:
        """The end. Raises ``Unavailable`` if the engine broke off."""
        if len(self._reasons) < self._choices:
            raise Unavailable(f"the engine {engine} broke off; try again")
        details = self._usage.get("prompt_tokens_details") or {}
        return TextGenerated(
            model=self._model,
            finish_reasons=tuple(self._reasons.get(choice, "stop") for choice in range(self._choices)),
            prompt_tokens=int(self._usage.get("prompt_tokens") or 0),
            completion_tokens=int(self._usage.get("completion_tokens") or self._tokens),
            cached_tokens=int(details.get("cached_tokens") or 0),
        )


def _events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        if len(data) > _LONGEST_EVENT:
            raise Unavailable(f"an engine sent an event of {len(data)} characters")
        yield json.loads(data)


def _pieces(chunk: dict[str, Any]) -> Iterator[TextPiece]:
    for choice in chunk.get("choices") or ():
        delta = choice.get("delta") or {}
        text = delta.get("content") or ""
        chosen = tuple(_chosen(token) for token in (choice.get("logprobs") or {}).get("content") or ())
        calls = tuple(call_pieces(delta))
        if text or chosen or calls:
            yield TextPiece(
                text=text,
                choice=int(choice.get("index", 0)),
                tokens=len(chosen) or 1,
                logprobs=chosen,
                calls=calls,
            )


def _chosen(told: dict[str, Any]) -> ChosenToken:
    top = tuple(TokenLogprob(**_logprob(each)) for each in told.get("top_logprobs") or ())
    return ChosenToken(**_logprob(told), top=top)


def _logprob(told: dict[str, Any]) -> dict[str, Any]:
    return {"token": told["token"], "logprob": told["logprob"], "bytes": tuple(told.get("bytes") or ())}


def _message(body: Any) -> str:
    error = body.get("error", body) if isinstance(body, dict) else body
    message = error.get("message", error) if isinstance(error, dict) else error
    return str(message)[:_SHOWN]


def _hang_up(response: httpx.Response) -> None:
    """Wake the thread that waits for the engine, which sees that its caller has gone."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    with contextlib.suppress(OSError):
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)
