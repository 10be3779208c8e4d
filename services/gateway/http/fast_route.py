"""What an endpoint takes, found out for a request along a plan that is made once.

FastAPI's own solver asks anew for each request what kind of function each dependency is: a fifth of what a chat turn costs the
event loop. This one knows asynchronous functions only, which is what the endpoints under load are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, Self

from fastapi import Request
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

_Call = Callable[..., Coroutine[Any, Any, Any]]
_Faults = list[Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to call a function of the application with what it takes of a request."""

    call: _Call
    takes: Dependant
    needs: tuple[tuple[str | None, Plan], ...]
    """Functions to be called before, with the name of the parameter that takes what they return."""

    @classmethod
    def of(cls, takes: Dependant) -> Self | None:
        """The plan for what FastAPI found in a signature; ``None`` if that holds anything which is not known here."""
        needs = [(one.name, Plan.of(one)) for one in takes.dependencies]
        known = tuple((name, plan) for name, plan in needs if plan is not None)
        if takes.call is None or len(known) < len(needs) or not _is_known(takes):
            return None
        return cls(takes.call, takes, known)

    async def run(self, request: Request, document: Any) -> Any:
        """Call the endpoint.

        Args:
            request: What came.
            document: Its JSON body, if it has one.

        Raises:
            RequestValidationError: Every parameter that is wrong.
        """
        values, faults = await self._solve(request, {})
        if self.takes.body_params:
            body, wrong = await request_body_to_args(
                body_fields=self.takes.body_params, received_body=document, embed_body_fields=False
            )
            values |= body
            faults += wrong
        if faults:
            raise RequestValidationError(faults, body=document)
        return await self.call(**values)

    async def _solve(self, request: Request, known: dict[_Call, Any]) -> tuple[dict[str, Any], _Faults]:
        takes, values = self.takes, {}
        faults: _Faults = []
        for name, plan in self.needs:
            if plan.call not in known:
                arguments, wrong = await plan._solve(request, known)
                faults += wrong
                if wrong:
                    continue
                known[plan.call] = await plan.call(**arguments)
            if name is not None:
                values[name] = known[plan.call]
        if (name := takes.request_param_name or takes.http_connection_param_name) is not None:
            values[name] = request
        for parameters, source in (
            (takes.path_params, request.path_params),
            (takes.query_params, request.query_params),
            (takes.header_params, request.headers),
        ):
            if parameters and any(one.alias in source or one.field_info.is_required() for one in parameters):
                found, wrong = request_params_to_args(parameters, source)
                values |= found
                faults += wrong
            else:  # nothing of it was sent, as in most requests
                values |= {one.name: one.get_default() for one in parameters}
        return values, faults


def _is_known(takes: Dependant) -> bool:
    strange = (takes.cookie_params, takes.response_param_name, takes.background_tasks_param_name)
    plain = all(map(_is_plain, (*takes.path_params, *takes.query_params, *takes.header_params)))
    # FastAPI's security schemes are objects that can be called.
    asynchronous = iscoroutinefunction(takes.call) or iscoroutinefunction(type(takes.call).__call__)
    return asynchronous and plain and not any(strange)


def _is_plain(parameter: ModelField) -> bool:
    """Whether it stands under one name: a model would take many."""
    annotation = parameter.field_info.annotation
    return not (isinstance(annotation, type) and issubclass(annotation, BaseModel))
