"""``POST /v1/bots/active/knowledge``: answers of colleagues become a part of the bot file."""

from __future__ import annotations

from datetime import UTC, datetime

from services.gateway.bots.references import check_references
from services.gateway.bots.schemas import AddKnowledge, KnowledgeAdded
from services.gateway.http.access.auth import AdminCaller
from services.gateway.http.router import resource
from services.gateway.state import State
from shared.bot.additions import Addition, with_additions
from shared.bot.bot_file import read_bot
from shared.contracts.releases import BotPublished
from shared.errors import InvalidInput
from shared.storage.chat import bots
from shared.storage.database.engine import Session
from shared.storage.tables.people import KnowledgeProposal
from shared.storage.training import proposals

router = resource("Bots")

#: Proposals that are added at once.
MAX_ADDED = 500


@router.post("/bots/active/knowledge")
def add(state: State, caller: AdminCaller, body: AddKnowledge | None = None) -> KnowledgeAdded:
    """Put the accepted knowledge proposals that are not in the bot file yet into it, as a new version that is in service at once.

    Each pair has the id of its proposal, its author as `source`, and a comment that names the conversation. Comments and blanks of the file stay. If pairs contradict the
    file, nothing is changed and the faults are listed; dismiss those proposals, or name others.
    """
    now = state.clock()
    added: list[str] = []

    def changed(source: str) -> str:
        known = {pair.id for pair in read_bot(source).knowledge}
        fresh = [one for one in _accepted(session, body) if one.id not in known]
        added.extend(one.id for one in fresh)
        if not fresh:
            return source
        becomes = with_additions(source, [_addition(one, now) for one in fresh])
        check_references(session, read_bot(becomes), becomes, state.settings.engines)
        return becomes

    with state.database.transaction() as session:
        row = bots.change(session, changed, caller.key_id, now)
        version = row.version or 0
    if added:
        state.releases.publish(BotPublished(version=version))
    return KnowledgeAdded(version=version, added=added)


def _accepted(session: Session, body: AddKnowledge | None) -> list[KnowledgeProposal]:
    found = proposals.accepted(session, MAX_ADDED)
    if body is None or body.proposals is None:
        return found
    by_id = {one.id: one for one in found}
    missing = next((one for one in body.proposals if one not in by_id), None)
    if missing is not None:
        raise InvalidInput(f"No accepted proposal {missing!r}; accept it first.", param="proposals")
    return [by_id[one] for one in dict.fromkeys(body.proposals)]


def _addition(one: KnowledgeProposal, now: float) -> Addition:
    day = datetime.fromtimestamp(now, UTC).date()
    return Addition(
        id=one.id,
        question=one.question[:200],
        answer=one.answer[:4000],
        source=one.author[:200] or "a colleague",
        comment=f"Answered by {one.author[:200] or 'a colleague'} in {one.conversation_id}; added on {day}.",
    )
