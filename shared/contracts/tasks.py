"""What a model can be trained for."""

from __future__ import annotations

from typing import Literal, get_args

TaskName = Literal[
    "nlu",
    "text_classification",
    "token_classification",
    "pair_classification",
    "ranking",
    "embedding",
    "question_answering",
    "masked_lm",
]
"""One of the tasks; a room of each in ``shared.tasks`` and in ``services.training.tasks``."""

TaskChoice = Literal["auto", TaskName]
"""A task, or whichever the rows are labelled for."""

TASK_NAMES: frozenset[str] = frozenset(get_args(TaskName))
