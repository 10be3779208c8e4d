"""``/v1/knowledge_proposals``: answers of colleagues that the bot could give the next time."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import Query

from services.gateway.colleagues.schemas import Proposal
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import EmptyRequest, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from shared.storage.tables.people import KnowledgeProposal, ProposalState
from shared.storage.training import proposals

router = resource("Colleagues")


@router.get("/knowledge_proposals")
def list_proposals(
    state: State,
    _caller: TrainCaller,
    status: Annotated[ProposalState | None, Query(description="Only those.")] = "proposed",
    after: After = None,
    limit: Limit = 20,
) -> Listing[Proposal]:
    """What colleagues answered after a hand-over, newest first, with surrogates for personal numbers."""
    with state.database.reading() as session:
        page = proposals.page(session, state=status, after=after, limit=limit)
    return Listing[Proposal].of([_object(one) for one in page.items], has_more=page.has_more)


@router.post("/knowledge_proposals/{proposal_id}/accept")
def accept(proposal_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None) -> Proposal:
    """It is to be known: `yaml` is the pair as the bot file has it."""
    with state.database.transaction() as session:
        return _object(proposals.decide(session, proposal_id, "accepted"))


@router.post("/knowledge_proposals/{proposal_id}/dismiss")
def dismiss(proposal_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None) -> Proposal:
    """It is of no use."""
    with state.database.transaction() as session:
        return _object(proposals.decide(session, proposal_id, "dismissed"))


def _object(one: KnowledgeProposal) -> Proposal:
    pair = {"id": one.id, "question": one.question[:200], "answer": one.answer[:4000], "source": one.author[:200]}
    return Proposal(
        id=one.id,
        created_at=int(one.created_at),
        conversation_id=one.conversation_id,
        question=one.question,
        answer=one.answer,
        author=one.author,
        status=one.state,
        yaml=f"  - {json.dumps(pair, ensure_ascii=False)}\n",  # JSON is YAML, and nobody's words end a string
    )
