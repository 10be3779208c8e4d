"""The endpoints under load, found by method and path alone, and called without the frameworks' stacks around every endpoint."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.http import errors
from services.gateway.http.bodies.json_body import JsonRoute
from shared.errors import ParleyError


class DirectRoutes:
    """ASGI middleware, the innermost: what it does not know goes on to the router.

    Args:
        app: The router, with what stands before it.
        routes: Of all resources; those are called directly that have a plan and no parameter in their path.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._direct = {
            (method, route.path): route
            for route in routes
            if isinstance(route, JsonRoute) and route.answer is not None and not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        route = self._direct.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None or route.answer is None:
            await self._app(scope, receive, send)
            return
        scope.update(route=route, endpoint=route.endpoint, path_params={})
        request = Request(scope, receive, send)
        try:
            response = await route.answer(request)
        except (ParleyError, RequestValidationError, HTTPException) as error:
            response = errors.answer_to(request, error)
        await response(scope, receive, send)
