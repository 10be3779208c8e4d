"""The tasks that a job can name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.training.tasks.causal_lm.task import TASK as CAUSAL_LM
from services.training.tasks.embedding.task import TASK as EMBEDDING
from services.training.tasks.masked_lm.task import TASK as MASKED_LM
from services.training.tasks.nlu.task import TASK as NLU
from services.training.tasks.pair_classification.task import TASK as PAIR_CLASSIFICATION
from services.training.tasks.question_answering.task import TASK as QUESTION_ANSWERING
from services.training.tasks.ranking.task import TASK as RANKING
from services.training.tasks.recommendation.task import TASK as RECOMMENDATION
from services.training.tasks.seq2seq.task import TASK as SEQ2SEQ
from services.training.tasks.task import Task
from services.training.tasks.text_classification.task import TASK as TEXT_CLASSIFICATION
from services.training.tasks.text_generation.task import TASK as TEXT_GENERATION
from services.training.tasks.token_classification.task import TASK as TOKEN_CLASSIFICATION
from shared.contracts.training.tasks import TaskName

TASKS: Mapping[TaskName, Task[Any, Any, Any, Any]] = {
    "nlu": NLU,
    "text_classification": TEXT_CLASSIFICATION,
    "token_classification": TOKEN_CLASSIFICATION,
    "pair_classification": PAIR_CLASSIFICATION,
    "ranking": RANKING,
    "embedding": EMBEDDING,
    "question_answering": QUESTION_ANSWERING,
    "masked_lm": MASKED_LM,
    "text_generation": TEXT_GENERATION,
    "causal_lm": CAUSAL_LM,
    "recommendation": RECOMMENDATION,
    "seq2seq": SEQ2SEQ,
}
