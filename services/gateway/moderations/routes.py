"""``POST /v1/moderations``."""

from __future__ import annotations

from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.router import resource
from services.gateway.moderations.schemas import ModerationDetails, ModerationRequest, Moderations
from services.gateway.state import State
from shared.telemetry.unique import unique_id

router = resource("Moderations")

_NOTE = (
    "No model judged: rules alone looked for contacts, links and prompt injection. Train a model of 'text_classification' on rows "
    "with 'labels' named like the categories, and promote it to the deployment 'moderation'."
)


@router.post("/moderations")
async def create(body: ModerationRequest, state: State, _caller: ChatCaller) -> Moderations:
    """Judge texts by the categories of the convention and by those of ours (`contacts`, `links`, `prompt_injection`).

    The categories of the convention come from a model of the team's; without one `parley.note` says so, and nothing is guessed.
    """
    judgement = await state.moderator.judge(body.model, body.texts)
    return Moderations(
        id=f"modr-{unique_id()}",
        model=judgement.judge,
        results=judgement.results,
        parley=ModerationDetails(
            model=judgement.model,
            not_judged=judgement.not_judged,
            note=None if judgement.model is not None else _NOTE,
        ),
    )
