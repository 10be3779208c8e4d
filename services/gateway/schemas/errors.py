"""The OpenAI error body."""

from __future__ import annotations

from services.gateway.schemas.base import Reply
from shared.contracts.faults import Fault


class ErrorDetail(Reply):
    """What went wrong.

    Attributes:
        message: A sentence for a person.
        type: ``invalid_request_error``, ``authentication_error``, ``permission_error``, ``rate_limit_error`` or
            ``server_error``.
        param: The field at fault.
        code: A stable name for programs.
        faults: Each wrong row or line of a refused file; left out otherwise.
    """

    message: str
    type: str
    param: str | None = None
    code: str | None = None
    faults: tuple[Fault, ...] | None = None


class ErrorBody(Reply):
    """The body of every answer with a status of 400 and more."""

    error: ErrorDetail
