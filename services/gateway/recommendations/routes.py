"""``/v1/recommendations``, and ``/v1/catalogs/{catalog}/items/{item_id}/similar``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.router import resource
from services.gateway.recommendations.schemas import (
    Recommendation,
    Recommendations,
    RecommendRequest,
    SimilarRequest,
)
from services.gateway.state import AppState, State
from shared.contracts.knowledge.recommendation import RecommendItems
from shared.tasks.recommendation.filters import compiled
from shared.tasks.recommendation.record import MAX_ID

router = resource("Recommendation")

ItemId = Annotated[str, Path(min_length=1, max_length=MAX_ID)]


@router.post("/recommendations")
async def recommend(body: RecommendRequest, state: State, _caller: ChatCaller) -> Recommendations:
    """What to offer a user, a session, or somebody who asks by a text; each with the reason."""
    question = RecommendItems(
        catalog=body.catalog,
        who=body.who,
        session=tuple(body.session),
        query=body.query,
        n=body.n,
        filters=body.filters,
        exclude_seen=body.exclude_seen,
        diversity=body.diversity,
        explain=body.explain,
    )
    return await _answered(state, question)


@router.post("/catalogs/{catalog}/items/{item_id:path}/similar")
async def similar(
    catalog: str, item_id: ItemId, state: State, _caller: ChatCaller, body: SimilarRequest | None = None
) -> Recommendations:
    """Others like an item: by its text, and by who chose both."""
    asked = body or SimilarRequest()
    question = RecommendItems(
        catalog=catalog,
        similar_to=item_id,
        n=asked.n,
        filters=asked.filters,
        diversity=asked.diversity,
        explain=asked.explain,
    )
    return await _answered(state, question)


async def _answered(state: AppState, question: RecommendItems) -> Recommendations:
    if question.filters:
        compiled(question.filters)  # refused here, before anybody is asked
    answer = await state.recommendations.ask(question)
    data = [
        Recommendation(item_id=one.item_id, title=one.title, score=one.score, rank=rank, reason=one.reason)
        for rank, one in enumerate(answer.items, 1)
    ]
    return Recommendations(data=data, catalog=question.catalog, model=answer.model)
