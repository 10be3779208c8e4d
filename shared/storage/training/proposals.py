"""What colleagues answered where the bot could not, as knowledge pairs that somebody may accept."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sqlalchemy import update
from sqlmodel import Session, col, select

from shared.errors import Conflict, NotFound
from shared.privacy.surrogates import with_surrogates
from shared.storage.chat import conversation_items
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert, values
from shared.storage.tables.core import ConversationItem, Turn
from shared.storage.tables.people import KnowledgeProposal, ProposalState
from shared.text.clauses import word_count

#: Words that a question and an answer must have: "ok" and "thanks" teach nothing.
_LEAST = 3


def propose(session: Session, conversation_id: str, now: float) -> int:
    """Propose every answer of a colleague to a customer's question that was not proposed yet. Returns how many there are."""
    turns = {turn.position: turn for turn in conversation_items.turns(session, conversation_id)}
    count = 0
    for asked, said in _answered(turns, conversation_items.all(session, conversation_id)):
        pick, known = random.Random(said[0].id).randrange, dict[str, str]()  # noqa: S311  # the same words, the same surrogates
        answer = " ".join(_words(item) for item in said)
        if min(word_count(asked.user_text), word_count(answer)) < _LEAST:
            continue
        proposal = KnowledgeProposal(
            id=f"prop_{said[0].id.removeprefix('item_')}",
            conversation_id=conversation_id,
            created_at=now,
            question=with_surrogates(asked.user_text, pick, known),
            answer=with_surrogates(answer, pick, known),
            author=said[0].author or "",
        )
        statement = insert(session, KnowledgeProposal).values(values(proposal)).on_conflict_do_nothing()
        session.exec(statement)
        count += 1
    return count


def _answered(turns: dict[int, Turn], items: list[ConversationItem]) -> Iterator[tuple[Turn, list[ConversationItem]]]:
    """What a customer said, and what colleagues said to it before the customer spoke again."""
    by_turn: dict[int, list[ConversationItem]] = {}
    for item in items:
        if item.author is not None and item.item["type"] == "message":
            by_turn.setdefault(item.after_turns - 1, []).append(item)
    yield from ((turns[position], said) for position, said in sorted(by_turn.items()) if position in turns)


def _words(item: ConversationItem) -> str:
    return "".join(part.get("text", "") for part in item.item["content"]).strip()


def page(session: Session, *, state: ProposalState | None, after: str | None, limit: int) -> Page[KnowledgeProposal]:
    """Proposals, newest first: of one state or of all."""
    where = () if state is None else (col(KnowledgeProposal.state) == state,)
    return read_page(
        session, KnowledgeProposal, *where, keys=("created_at", "id"), after=after, limit=limit, order="desc"
    )


def accepted(session: Session, limit: int) -> list[KnowledgeProposal]:
    """Those that were accepted, oldest first."""
    found = select(KnowledgeProposal).where(col(KnowledgeProposal.state) == "accepted")
    oldest = found.order_by(col(KnowledgeProposal.created_at), col(KnowledgeProposal.id)).limit(limit)
    return list(session.exec(oldest).all())


def decide(session: Session, proposal_id: str, state: ProposalState) -> KnowledgeProposal:
    """Accept or dismiss a proposal.

    Raises:
        NotFound: There is no such proposal.
        Conflict: Somebody has decided otherwise.
    """
    here = (col(KnowledgeProposal.id) == proposal_id, col(KnowledgeProposal.state) == "proposed")
    session.exec(update(KnowledgeProposal).where(*here).values(state=state))
    found = session.exec(select(KnowledgeProposal).where(col(KnowledgeProposal.id) == proposal_id)).one_or_none()
    if found is None:
        raise NotFound(f"No proposal {proposal_id!r}.", param="proposal_id")
    session.refresh(found)
    if found.state != state:
        raise Conflict(f"The proposal {proposal_id} was {found.state} by somebody else.", param="proposal_id")
    return found
