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
    "text_generation",
    "causal_lm",
    "recommendation",
    "seq2seq",
]
"""One of the tasks; a room of each in ``shared.tasks`` and in ``services.training.tasks``."""

TaskChoice = Literal["auto", TaskName]
"""A task, or whichever the rows are labelled for."""

TASK_NAMES: frozenset[str] = frozenset(get_args(TaskName))

DECODERS: frozenset[TaskName] = frozenset(("text_generation", "causal_lm"))
"""Tasks of decoders: models that go on with a text token by token, and can be talked to."""

WRITERS: frozenset[TaskName] = frozenset((*DECODERS, "seq2seq"))
"""Tasks of models that write, token by token."""

BEGINNERS: frozenset[TaskName] = frozenset((*WRITERS, "masked_lm"))
"""Tasks that teach a language, so that their models may begin with random weights."""

WITHOUT_LABELS: frozenset[TaskName] = frozenset(
    ("ranking", "embedding", "question_answering", "recommendation", *BEGINNERS)
)
"""Tasks whose rows name no label."""
