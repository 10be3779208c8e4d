"""Evals, their runs and what came of each row; see ``tables``."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String
from sqlmodel import Field

from shared.storage.tables.core import Row

EvalRunStatus = Literal["queued", "in_progress", "completed", "failed", "canceled"]
FINAL_EVAL_RUN_STATUSES: frozenset[EvalRunStatus] = frozenset(("completed", "failed", "canceled"))


class Eval(Row, table=True):
    """What is asked of models again and again, and how it is graded. Writer: gateway."""

    __tablename__ = "evals"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: str = Field(primary_key=True)
    key_id: str
    created_at: float
    name: str
    user_metadata: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    data_source_config: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    testing_criteria: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))


class EvalRun(Row, table=True):
    """An eval over rows, and how far it is; this row is the truth about it. Writer: gateway."""

    __tablename__ = "eval_runs"
    __table_args__ = (Index(None, "eval_id", "created_at", "id"), Index(None, "status"))

    id: str = Field(primary_key=True)
    eval_id: str = Field(sa_column=Column(String, ForeignKey("evals.id"), nullable=False))
    key_id: str
    """In whose name models are asked."""
    created_at: float
    name: str
    model: str
    user_metadata: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    status: EvalRunStatus = Field(default="queued", sa_column=Column(String, nullable=False))
    data_source: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """As it was sent, without its rows."""
    rows: list[dict[str, Any]] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """Its rows, if they do not lie in a file."""
    testing_criteria: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    """As the eval had them when the run was made."""
    error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    finished_at: float | None = None
    total: int = 0
    passed: int = 0
    failed: int = 0
    errored: int = 0
    criteria: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Of each criterion, how many rows passed and failed it."""
    usage: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Of each model that was asked: calls and tokens."""
    metrics: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Of criteria that are more than the mean of their rows, once it is over."""
    next_row: int = 0
    """Rows that are done."""
    worked_at: float
    lease_token: str | None = None
    lease_expires_at: float | None = None


class EvalOutputItem(Row, table=True):
    """What came of one row. Writer: gateway."""

    __tablename__ = "eval_output_items"

    run_id: str = Field(sa_column=Column(String, ForeignKey("eval_runs.id"), primary_key=True))
    row: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    created_at: float
    status: str
    """``pass``, ``fail`` or ``error``."""
    item: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    sample: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    results: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
