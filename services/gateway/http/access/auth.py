"""Who may come in: the bearer key, its role and its rate, as dependencies of the routes."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection
from starlette.types import Scope

from services.gateway.http.access.inner import inner_caller
from services.gateway.http.access.keyring import Caller, CallerRole
from services.gateway.http.access.visitor_tokens import PREFIX
from services.gateway.http.auditing import note
from services.gateway.http.tracing import show_allowance
from services.gateway.state import AppState, State
from shared.errors import NotAllowed, NotAuthenticated, TooManyRequests
from shared.storage.keys import hash_key

_BEARER = HTTPBearer(auto_error=False, description="An API key; `POST /v1/keys` makes them.")

Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def _admission(
    role: CallerRole,
) -> Callable[[Request, AppState, HTTPAuthorizationCredentials | None], Awaitable[Caller]]:
    async def admit(request: Request, state: State, credentials: Credentials) -> Caller:
        caller = inner_caller(request.scope)
        if caller is None:
            caller = await authenticated(state, credentials.credentials if credentials else "", request)
            within_rate(state, caller, request.scope)
        check_role(caller, role)
        await note(request, state, caller)
        return caller

    return admit


def check_role(caller: Caller, role: CallerRole) -> None:
    """Refuse who may not.

    Raises:
        NotAllowed: The caller's role is too low.
    """
    if not caller.may(role):
        if caller.role == "visitor":
            raise NotAllowed("A visitor's token opens one conversation and nothing else; this needs an API key.")
        raise NotAllowed(f"This needs a key with the role '{role}'; yours has '{caller.role}'.")


async def authenticated(state: AppState, key: str, connection: HTTPConnection) -> Caller:
    """Whose key it is, or which visitor's token.

    Raises:
        NotAuthenticated: Nobody's, or there is none.
        NotAllowed: A token of a page shows up elsewhere.
    """
    if key.startswith(PREFIX):
        return await state.visitors.caller(key, connection)
    if not key:
        raise NotAuthenticated(
            "You didn't provide an API key. Send it in the header 'Authorization: Bearer YOUR_KEY'.",
            code="missing_api_key",
        )
    key_hash = hash_key(key)
    caller = state.keys.remembered(key_hash) or await run_in_threadpool(state.keys.look_up, key_hash)
    if caller is None:
        raise NotAuthenticated("Incorrect API key provided: it is unknown or has been revoked.")
    return caller


def within_rate(state: AppState, caller: Caller, scope: Scope) -> None:
    """Count a request of the caller; its response tells what is left.

    Raises:
        TooManyRequests: It is one too many.
    """
    per_minute = caller.requests_per_minute or state.settings.requests_per_minute
    allowance = state.limiter.take(caller.bucket, per_minute, time.monotonic())
    show_allowance(scope, allowance)
    if not allowance.allowed:
        raise TooManyRequests(
            f"Rate limit reached: {allowance.limit} requests per minute. "
            f"Try again in {math.ceil(allowance.retry_seconds * 1000)} ms.",
            retry_after=allowance.retry_seconds,
        )


VisitorCaller = Annotated[Caller, Depends(_admission("visitor"))]
"""Visitors, and keys of any role."""
ChatCaller = Annotated[Caller, Depends(_admission("chat"))]
TrainCaller = Annotated[Caller, Depends(_admission("train"))]
AdminCaller = Annotated[Caller, Depends(_admission("admin"))]
