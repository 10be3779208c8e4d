"""Several runs of one job, made one model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.training.tasks import DECODERS, TaskName
from shared.contracts.training.tunings import Spec

#: Tunings that stay in a model beside its weights, begun at random: those of two seeds have nothing in common.
_OF_THEIR_OWN = ("adapter", "prefix", "prompt", "p_tuning")
#: Tasks whose graph tells nothing but logits.
_OF_LOGITS = ("text_classification", "token_classification", "pair_classification", "ranking", "question_answering")


class Ensemble(Spec):
    """The same run with several seeds.

    Attributes:
        members: How many; a job takes so many times as long.
        average: ``weights``: one model, as large and as fast as a member (a "model soup", Wortsman et al. 2022, arXiv:2203.05482): the members
            are taken best first, and each stays only if the validation score does not fall. ``logits``: one graph that holds all members
            and answers with their mean: so many times as large and as slow, usually somewhat better.
    """

    members: Annotated[int, Field(ge=2, le=8)]
    average: Literal["weights", "logits"] = "weights"


def ensemble_not_offered(task: TaskName, *, tuning: str, from_scratch: bool, average: str) -> str | None:
    """Why such members cannot be averaged so, and what to use instead; ``None`` if they can."""
    if task in DECODERS:
        return f"members of task '{task}' would read their rows packed in unlike numbers of steps; leave ensemble out"
    if average == "logits":
        if task not in _OF_LOGITS:
            return f"task '{task}' tells more than logits, or is there for its encoder; use average 'weights'"
        return None
    instead = "use average 'logits'" if task in _OF_LOGITS else "leave ensemble out"
    if tuning in _OF_THEIR_OWN:
        return f"what '{tuning}' adds begins elsewhere with each seed, so that its mean means nothing; {instead}"
    if from_scratch:
        return f"weights of models from scratch have no common base to be averaged around; {instead}"
    return None
