"""The graders of the convention, and two of ours, as they are written down."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, field_validator, model_validator

from shared.errors import InvalidInput
from shared.evals import formulas, templates

Template = Annotated[str, StringConstraints(max_length=32_768)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Labels = Annotated[list[Label], Field(min_length=1, max_length=255)]
Metric = Literal[
    "cosine",
    "fuzzy_match",
    "bleu",
    "gleu",
    "meteor",
    "rouge_1",
    "rouge_2",
    "rouge_3",
    "rouge_4",
    "rouge_5",
    "rouge_l",
]


class _Part(BaseModel):
    """What is written down of a grader; fields that have no meaning here are kept out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="after")
    def _has_only_paths(self) -> Self:
        for name in ("input", "reference", "content"):
            value = getattr(self, name, None)
            if isinstance(value, str):
                try:
                    templates.check(value, name)
                except InvalidInput as error:
                    raise ValueError(error.message) from None
        return self


class StringCheck(_Part):
    """Whether a text equals another, differs from it, or holds it (`like`, `ilike`: in whatever case)."""

    type: Literal["string_check"]
    name: Name
    input: Template
    reference: Template
    operation: Literal["eq", "ne", "like", "ilike"]


class TextSimilarity(_Part):
    """How alike two texts are."""

    type: Literal["text_similarity"]
    name: Name
    input: Template
    reference: Template
    evaluation_metric: Metric
    pass_threshold: Annotated[float, Field(ge=-1, le=1)] | None = None
    model: Name = "minilm"
    """Ours: the model whose embeddings `cosine` compares."""


class TextPart(_Part):
    """A piece of a message."""

    type: Literal["input_text", "output_text", "text"]
    text: Template


class GraderMessage(_Part):
    """What a grading model reads."""

    role: Literal["user", "assistant", "system", "developer"]
    content: Template | TextPart | Annotated[list[TextPart | Template], Field(max_length=64)]

    @property
    def template(self) -> str:
        """Its words, with marks."""
        parts = self.content if isinstance(self.content, list) else [self.content]
        return "".join(part.text if isinstance(part, TextPart) else part for part in parts)


Messages = Annotated[list[GraderMessage], Field(min_length=1, max_length=64)]


class LabelModel(_Part):
    """A label that a served model gives: one that writes, or one that decides."""

    type: Literal["label_model"]
    name: Name
    model: Name
    input: Messages
    labels: Labels
    passing_labels: Labels

    @field_validator("passing_labels")
    @classmethod
    def _are_labels(cls, passing: list[str], info: Any) -> list[str]:
        unknown = set(passing) - set(info.data.get("labels") or passing)
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]!r} is none of 'labels'")
        return passing


class ScoreModel(_Part):
    """A number that a served language model gives."""

    type: Literal["score_model"]
    name: Name
    model: Name
    input: Messages
    range: Annotated[tuple[float, float], Field()] = (0.0, 1.0)
    pass_threshold: float | None = None
    sampling_params: dict[str, Any] | None = None

    @field_validator("range")
    @classmethod
    def _rises(cls, limits: tuple[float, float]) -> tuple[float, float]:
        if not limits[0] < limits[1]:
            raise ValueError("the first number of 'range' must be below the second")
        return limits


class Classification(_Part):
    """Ours: whether a label is the right one; of a run also the accuracy and the F1 of each label and their mean."""

    type: Literal["classification"]
    name: Name
    input: Template
    reference: Template


class Spans(_Part):
    """Ours: the F1 of spans, lists of `{start, end, label}` as JSON; of a run also that of all rows together, by label."""

    type: Literal["spans"]
    name: Name
    input: Template
    reference: Template
    pass_threshold: Annotated[float, Field(ge=0, le=1)] = 1.0


class Python(_Part):
    """Refused."""

    type: Literal["python"]

    @model_validator(mode="after")
    def _is_refused(self) -> Self:
        raise ValueError("graders in Python are not run: this platform runs no code that comes over its API")


Single = Annotated[
    StringCheck | TextSimilarity | LabelModel | ScoreModel | Classification | Spans | Python,
    Field(discriminator="type"),
]


class Multi(_Part):
    """Several graders, and a formula over their scores. The convention has one there, or a table of them by name."""

    type: Literal["multi"]
    name: Name
    graders: Annotated[dict[str, Single], Field(min_length=1, max_length=32)]
    calculate_output: Annotated[str, StringConstraints(min_length=1, max_length=formulas.MAX_FORMULA)]
    pass_threshold: float | None = None

    @field_validator("graders", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        alone = isinstance(given, dict) and isinstance(given.get("type"), str)
        return {str(given.get("name")): given} if alone else given

    @model_validator(mode="after")
    def _names_its_graders(self) -> Self:
        try:
            unknown = formulas.names_of(self.calculate_output) - set(self.graders)
        except InvalidInput as error:
            raise ValueError(error.message) from None
        if unknown:
            raise ValueError(f"'calculate_output' names {sorted(unknown)[0]!r}, which is none of 'graders'")
        return self


Grader = Annotated[
    StringCheck | TextSimilarity | LabelModel | ScoreModel | Classification | Spans | Multi | Python,
    Field(discriminator="type"),
]
GRADER: TypeAdapter[Grader] = TypeAdapter(Grader)


def asks_a_model(grader: Grader) -> bool:
    """Whether a grader cannot do without a model that is served."""
    if isinstance(grader, Multi):
        return any(asks_a_model(one) for one in grader.graders.values())
    is_cosine = isinstance(grader, TextSimilarity) and grader.evaluation_metric == "cosine"
    return is_cosine or isinstance(grader, LabelModel | ScoreModel)
