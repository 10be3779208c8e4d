"""``POST /v1/moderations``."""

from __future__ import annotations

from fastapi.concurrency import run_in_threadpool

from services.gateway.http.auth import ChatCaller
from services.gateway.http.router import resource
from services.gateway.moderations.judging import judged, not_judged
from services.gateway.moderations.schemas import ModerationDetails, ModerationRequest, Moderations
from services.gateway.state import AppState, State
from shared.errors import InvalidInput
from shared.storage import models
from shared.storage.model_names import model_named
from shared.telemetry.unique import unique_id

router = resource("Moderations")

#: Where a team puts the model that judges.
DEPLOYMENT = "moderation"
#: What the official client's users name.
_THEIRS = ("omni-moderation-", "text-moderation-")
_TASK = "text_classification"
_RULES_ALONE = "parley-rules"

_NOTE = (
    "No model judged: rules alone looked for contacts, links and prompt injection. Train a model of 'text_classification' on rows "
    "with 'labels' named like the categories, and promote it to the deployment 'moderation'."
)


@router.post("/moderations")
async def create(body: ModerationRequest, state: State, _caller: ChatCaller) -> Moderations:
    """Judge texts by the categories of the convention and by those of ours (`contacts`, `links`, `prompt_injection`).

    The categories of the convention come from a model of the team's; without one `parley.note` says so, and nothing is guessed.
    """
    texts = body.texts
    model = await run_in_threadpool(_judge, state, body.model)
    answers = [] if model is None else (await state.predictions.ask(model, [{"text": text} for text in texts])).answers
    return Moderations(
        id=f"modr-{unique_id()}",
        model=model or _RULES_ALONE,
        results=[judged(answers[place] if answers else None, text) for place, text in enumerate(texts)],
        parley=ModerationDetails(
            model=model, not_judged=not_judged(answers[:1]), note=None if model is not None else _NOTE
        ),
    )


def _judge(state: AppState, name: str | None) -> str | None:
    """The id of the model that judges; ``None`` if there is none."""
    with state.database.reading() as session:
        if name is None or name.startswith(_THEIRS):
            return models.production(session, DEPLOYMENT)
        model = models.get(session, model_named(session, name))
    if model.task != _TASK:
        raise InvalidInput(
            f"{model.id} is a model of {model.task!r}; moderation needs one of {_TASK!r}.", param="model"
        )
    return model.id
