"""``/v1/evals`` and ``/v1/fine_tuning/alpha/graders``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.gateway.evals.sources import DataSource
from services.gateway.http.bodies.schemas import Body, Metadata, Name, Reply, Resource
from shared.evals.graders import Grader

MAX_CRITERIA = 32


class Custom(BaseModel):
    """Rows of a shape of one's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["custom"]
    item_schema: dict[str, Any]
    """JSON schema of `item`; the fields that it requires are looked for in every row that is sent."""
    include_sample_schema: bool | None = None


class Logged(BaseModel):
    """Chats that were stored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["logs", "stored_completions"]
    metadata: Metadata | None = None


class CreateEval(Body):
    """A new eval."""

    name: Annotated[str, Field(max_length=256)] | None = None
    metadata: Metadata | None = None
    data_source_config: Annotated[Custom | Logged, Field(discriminator="type")]
    testing_criteria: Annotated[list[Grader], Field(min_length=1, max_length=MAX_CRITERIA)]

    @model_validator(mode="after")
    def _has_a_name_for_each(self) -> Self:
        names = [getattr(one, "name", "") for one in self.testing_criteria]
        if len(set(names)) < len(names):
            raise ValueError("two of 'testing_criteria' have the same name; give each its own")
        return self


class ChangeEval(Body):
    """What can be changed of one."""

    name: Annotated[str, Field(max_length=256)] | None = None
    metadata: Metadata | None = None


class EvalObject(Resource):
    """An eval."""

    object: Literal["eval"] = "eval"
    created_at: int
    name: str
    metadata: dict[str, str]
    data_source_config: dict[str, Any]
    testing_criteria: list[dict[str, Any]]


class EvalDeleted(Reply):
    """What is left of one."""

    eval_id: str
    object: Literal["eval.deleted"] = "eval.deleted"
    deleted: Literal[True] = True


class CreateRun(Body):
    """A new run."""

    name: Annotated[str, Field(max_length=256)] | None = None
    metadata: Metadata | None = None
    data_source: DataSource

    @field_validator("data_source")
    @classmethod
    def _says_how_to_ask(cls, source: DataSource) -> DataSource:
        model, messages = getattr(source, "model", None), getattr(source, "input_messages", None)
        if (model is None) != (messages is None) and getattr(source.source, "type", "") != "stored_completions":
            raise ValueError("a model is asked with 'model' and 'input_messages'; send both, or none")
        return source


class ResultCounts(Reply):
    """How far a run is."""

    total: int
    passed: int
    failed: int
    errored: int


class CriterionResult(Reply):
    """Rows by what one criterion said."""

    testing_criteria: str
    passed: int
    failed: int


class ModelUsage(Reply):
    """What a model took."""

    model_name: str
    invocation_count: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    total_tokens: int


class RunObject(Resource):
    """A run.

    Attributes:
        parley: Of each criterion the figures of the whole run, once it is over: mean score, accuracy, F1 by label.
    """

    object: Literal["eval.run"] = "eval.run"
    eval_id: str
    created_at: int
    name: str
    model: str
    status: str
    data_source: dict[str, Any]
    error: dict[str, Any] | None
    metadata: dict[str, str]
    report_url: str
    result_counts: ResultCounts
    per_testing_criteria_results: list[CriterionResult]
    per_model_usage: list[ModelUsage]
    parley: dict[str, dict[str, Any]]


class RunDeleted(Reply):
    """What is left of one."""

    run_id: str
    object: Literal["eval.run.deleted"] = "eval.run.deleted"
    deleted: Literal[True] = True


class OutputItemObject(Resource):
    """What came of a row."""

    object: Literal["eval.run.output_item"] = "eval.run.output_item"
    created_at: int
    run_id: str
    eval_id: str
    status: str
    datasource_item_id: int
    datasource_item: dict[str, Any]
    results: list[dict[str, Any]]
    sample: dict[str, Any]


class CompareRuns(Body):
    """Two runs of an eval over the same rows."""

    baseline: Name
    candidate: Name


class Difference(Reply):
    """How much better the candidate is by a criterion: the difference of mean scores with a paired bootstrap interval (95 %)."""

    rows: int
    baseline: float
    candidate: float
    difference: float
    low: float
    high: float
    better: int
    worse: int


class Comparison(Reply):
    """The candidate beside the baseline, by criterion."""

    object: Literal["eval.comparison"] = "eval.comparison"
    eval_id: str
    baseline: str
    candidate: str
    criteria: dict[str, Difference]


class RunGrader(Body):
    """A grader, and what it is to grade."""

    grader: Grader
    model_sample: Annotated[str, Field(max_length=1_000_000)]
    item: dict[str, Any] = Field(default_factory=dict)


class ValidateGrader(Body):
    """A grader."""

    grader: Grader


class ValidGrader(Reply):
    """It, as it was read."""

    grader: dict[str, Any]


class GraderErrors(Reply):
    """What went wrong; ours has no Python and no code."""

    formula_parse_error: bool = False
    invalid_variable_error: bool = False
    model_grader_parse_error: bool = False
    model_grader_refusal_error: bool = False
    model_grader_server_error: bool = False
    model_grader_server_error_details: str | None = None
    other_error: bool = False
    python_grader_runtime_error: bool = False
    python_grader_runtime_error_details: str | None = None
    python_grader_server_error: bool = False
    python_grader_server_error_type: str | None = None
    sample_parse_error: bool = False
    truncated_observation_error: bool = False
    unresponsive_reward_error: bool = False


class GraderMetadata(Reply):
    """How it was graded."""

    errors: GraderErrors
    execution_time: float
    name: str
    sampled_model_name: str | None = None
    scores: dict[str, float]
    token_usage: int | None
    type: str


class GraderResult(Reply):
    """The grade of a sample."""

    reward: float
    metadata: GraderMetadata
    model_grader_token_usage_per_model: dict[str, int]
    sub_rewards: dict[str, float]
