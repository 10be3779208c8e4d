"""What operators' tools ask, without a key: is it alive, is it ready, what does it count."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.gateway.operations.schemas import Live, Ready
from services.gateway.state import State
from shared.telemetry import metrics

router = APIRouter(tags=["Operations"])


@router.get("/health")
async def live() -> Live:
    """The process answers; restart it if this does not."""
    return Live()


@router.get("/health/ready", responses={503: {"model": Ready}})
async def ready(state: State, response: Response) -> Ready:
    """200 once a customer would be answered: tried with a real turn that is not stored, at most once a second."""
    report = await state.readiness.report()
    if not report.ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Ready(status="ready" if report.ready else "not_ready", problems=report.problems)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def figures() -> Response:
    """This process in Prometheus' text format."""
    body, media_type = metrics.exposition()
    return Response(body, headers={"Content-Type": media_type})
