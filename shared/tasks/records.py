"""What the records of each task look like, and how a file tells which task it is for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from shared.contracts.training.tasks import TaskName
from shared.errors import InvalidInput
from shared.rows.kind import KindOf, RecordKind
from shared.rows.problems import Faulty
from shared.tasks.causal_lm.record import KIND as CAUSAL_LM
from shared.tasks.embedding.record import KIND as EMBEDDING
from shared.tasks.masked_lm.record import KIND as MASKED_LM
from shared.tasks.nlu.record import KIND as NLU
from shared.tasks.pair_classification.record import KIND as PAIR_CLASSIFICATION
from shared.tasks.question_answering.record import KIND as QUESTION_ANSWERING
from shared.tasks.ranking.record import KIND as RANKING
from shared.tasks.recommendation.record import KIND as RECOMMENDATION
from shared.tasks.seq2seq.record import KIND as SEQ2SEQ
from shared.tasks.text_classification.record import KIND as TEXT_CLASSIFICATION
from shared.tasks.text_generation.record import KIND as TEXT_GENERATION
from shared.tasks.token_classification.record import KIND as TOKEN_CLASSIFICATION

RECORDS: Mapping[TaskName, RecordKind] = {
    kind.task: kind
    for kind in (
        NLU,
        TEXT_CLASSIFICATION,
        TOKEN_CLASSIFICATION,
        PAIR_CLASSIFICATION,
        RANKING,
        EMBEDDING,
        QUESTION_ANSWERING,
        MASKED_LM,
        TEXT_GENERATION,
        CAUSAL_LM,
        RECOMMENDATION,
        SEQ2SEQ,
    )
}

#: Fields that tell what a record is for, looked for in this order; one with none of them and more than a text is nlu's.
_SIGNS: tuple[tuple[str, TaskName], ...] = (
    ("item_id", "recommendation"),
    ("messages", "text_generation"),
    ("preferred_output", "text_generation"),
    ("non_preferred_output", "text_generation"),
    ("target", "seq2seq"),
    ("question", "question_answering"),
    ("text_pair", "pair_classification"),
    ("query", "embedding"),
    ("intent", "nlu"),
    ("sentiment", "nlu"),
    ("label", "text_classification"),
    ("labels", "text_classification"),
    ("tokens", "token_classification"),
    ("entities", "nlu"),
)


def kind_by_fields(records: Iterable[Collection[str]]) -> RecordKind:
    """What most of some records are for, by their fields; texts without any label teach a language."""
    told = [next((task for field, task in _SIGNS if field in fields), None) for fields in records]
    votes = Counter(task for task in told if task is not None)
    if votes:
        return RECORDS[votes.most_common(1)[0][0]]
    return RECORDS["masked_lm" if told else "nlu"]


#: Tasks that can also learn from records of another.
_ALSO: Mapping[TaskName, frozenset[TaskName]] = {
    "token_classification": frozenset(("nlu",)),
    "ranking": frozenset(("embedding",)),
    "causal_lm": frozenset(("masked_lm",)),
}


def can_train(task: TaskName, held: TaskName) -> bool:
    """Whether a task can learn from records that look like those of ``held``."""
    return task == held or held in _ALSO.get(task, ())


def example_of(task: TaskName) -> str:
    """A record of a task, as a user would write it."""
    return RECORDS[task].example


def inputs_of(task: TaskName, records: Iterable[object]) -> list[Any]:
    """Records without labels as what a model of a task is asked about.

    Raises:
        InvalidInput: The first that is none, with its place among the records as ``param``.
    """
    parse = RECORDS[task].parse_input
    found = []
    for number, record in enumerate(records):
        try:
            found.append(parse(record))
        except Faulty as faulty:
            field, message = faulty.problems[0]
            place = f"input[{number}]" + (f".{field}" if field else "")
            raise InvalidInput(f"Invalid '{place}': {message}.", param=place) from None
    return found


def kind_for(task: TaskName) -> KindOf:
    """The kind of a task, whatever the fields say."""
    return lambda _: RECORDS[task]
