"""Every error as the OpenAI body, and the one table from error class to HTTP status."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.gateway.http.bodies.schemas import ErrorBody, ErrorDetail
from services.gateway.http.bodies.validation import describe
from shared import errors

#: The most specific class of an error decides. ``AlreadyExists`` is no 409: the official client repeats those, and
#: repeating cannot help.
STATUS: dict[type[errors.ParleyError], HTTPStatus] = {
    errors.ParleyError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.AlreadyExists: HTTPStatus.BAD_REQUEST,
    errors.TrainingFailed: HTTPStatus.BAD_REQUEST,
    errors.BrokenArtifact: HTTPStatus.BAD_REQUEST,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
}

_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}

_CODES = {
    HTTPStatus.NOT_FOUND: "unknown_url",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "headers_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}

_INTERNAL = "Something went wrong on our side; the request id leads to the reason in the logs."
_DAMAGED = "The files of this model are damaged; ask for another one, or train it again."


def status_of(error: errors.ParleyError) -> HTTPStatus:
    """The HTTP status of an error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def detail_of(error: errors.ParleyError) -> ErrorDetail:
    """What the caller is told. What only an operator can mend is not shown, but logged."""
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return ErrorDetail(message=_INTERNAL, type=_type_of(status), code="internal_error")
    faulty = error if isinstance(error, errors.InvalidFile | errors.InvalidBot) else None
    return ErrorDetail(
        message=_DAMAGED if isinstance(error, errors.BrokenArtifact) else error.message,
        type=_type_of(status),
        param=error.param,
        code=error.code,
        faults=faulty.faults if faulty else None,
    )


def response_of(error: errors.ParleyError) -> JSONResponse:
    """An error of ours as a response."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, errors.TooManyRequests):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
        headers["retry-after-ms"] = str(math.ceil(error.retry_after * 1000))
    elif error.retryable:
        headers["Retry-After"] = "1"
    return _response(status, detail_of(error), headers)


def event_of(error: errors.ParleyError) -> ErrorBody:
    """An error in the middle of a stream, where there is no status left to tell it by."""
    return ErrorBody(error=detail_of(error))


def internal_error() -> JSONResponse:
    """The response to what nobody foresaw."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _response(status, ErrorDetail(message=_INTERNAL, type=_type_of(status), code="internal_error"), {})


def install(app: FastAPI) -> None:
    """Make every error leave in the OpenAI body; the frameworks' own bodies tell its clients nothing."""
    for kind in (errors.ParleyError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _on_known)


async def _on_known(request: Request, error: Exception) -> Response:
    return answer_to(request, error)


def answer_to(request: Request, error: Exception) -> Response:
    """The response to an error of ours, a request that does not fit its schema, or an error of the framework.

    Raises:
        Exception: The error, if it is none of these.
    """
    if isinstance(error, errors.ParleyError):
        return response_of(error)
    if isinstance(error, RequestValidationError):
        return response_of(describe(error.errors(), error.body))
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    message = error.detail
    if status == HTTPStatus.NOT_FOUND:
        message = f"Unknown request URL: {request.method} {request.url.path}. /docs lists what there is."
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.method} is not allowed on {request.url.path}."
    return JSONResponse(body_of(status, message), status_code=int(status), headers=dict(error.headers or {}))


def body_of(status: HTTPStatus, message: str) -> dict[str, Any]:
    """The body of an error that no class of ours stands for."""
    return _body(ErrorDetail(message=message, type=_type_of(status), code=_CODES.get(status, "invalid_request")))


def _body(detail: ErrorDetail) -> dict[str, Any]:
    body = ErrorBody(error=detail).model_dump(mode="json")
    if detail.faults is None:
        del body["error"]["faults"]
    return body


def _response(status: HTTPStatus, detail: ErrorDetail, headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(_body(detail), status_code=int(status), headers=headers)


def _type_of(status: HTTPStatus) -> str:
    default = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    return _TYPES.get(status, default)
