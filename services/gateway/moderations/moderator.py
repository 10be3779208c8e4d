"""Judges texts: by the model of a team's deployment or one that is named, and by rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool

from services.gateway.models.predictions import Predictions
from services.gateway.moderations.judging import judged, not_judged
from services.gateway.moderations.schemas import Moderation
from shared.errors import InvalidInput
from shared.storage.database.engine import Database
from shared.storage.training import models
from shared.storage.training.model_names import model_named

#: Where a team puts the model that judges.
DEPLOYMENT = "moderation"
RULES_ALONE = "parley-rules"
#: What the official client's users name.
_THEIRS = ("omni-moderation-", "text-moderation-")
_TASK = "text_classification"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with each of some texts.

    Attributes:
        model: The model that judged; ``None``: there is none, and only the rules did.
        results: In the order of the texts.
        not_judged: Categories of the convention of which nobody knows anything.
    """

    model: str | None
    results: list[Moderation]
    not_judged: list[str]

    @property
    def judge(self) -> str:
        """The name of who judged."""
        return self.model or RULES_ALONE


class Moderator:
    """Asks the model that judges, if there is one.

    Args:
        database: Knows which one that is.
        predictions: Ask it.
    """

    def __init__(self, database: Database, predictions: Predictions) -> None:
        self._database = database
        self._predictions = predictions

    async def judge(self, name: str | None, texts: Sequence[str]) -> Judgement:
        """Judge texts with the model of that name; without one, and for OpenAI's names, with the deployment's.

        Raises:
            NotFound: There is no such model.
            InvalidInput: It is of another task.
            ParleyError: It does not answer.
        """
        model = await run_in_threadpool(self._find, name)
        said = [text for text in texts if text.strip()]  # of nothing there is nothing to ask
        rows = [{"text": text} for text in said]
        answers = (await self._predictions.ask(model, rows)).answers if model is not None and rows else []
        by_text = dict(zip(said, answers, strict=False))
        results = [judged(by_text.get(text), text) for text in texts]
        return Judgement(model, results, not_judged(answers[:1]))

    def _find(self, name: str | None) -> str | None:
        with self._database.reading() as session:
            if name is None or name.startswith(_THEIRS):
                return models.production(session, DEPLOYMENT)
            model = models.get(session, model_named(session, name))
        if model.task != _TASK:
            raise InvalidInput(
                f"{model.id} is a model of {model.task!r}; moderation needs one of {_TASK!r}.", param="model"
            )
        return model.id
