"""``/v1/batches``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.gateway.http.bodies.schemas import Body, Metadata, Name, Reply, Resource
from shared.storage.tables.batches import BatchStatus


class OutputLife(Body):
    """When the files of the results are deleted."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=3600, le=2_592_000)]


class CreateBatch(Body):
    """A new batch."""

    input_file_id: Name
    """A file of purpose ``batch``: a JSON object a line, with ``custom_id``, ``method``, ``url`` and ``body``."""
    endpoint: Name
    """What all its requests are for."""
    completion_window: Annotated[str, StringConstraints(pattern=r"^([1-9]|[1-9][0-9]|1[0-5][0-9]|16[0-8])h$")] = "24h"
    """How long it may take, in hours; what is not done by then is not done."""
    metadata: Metadata | None = None
    output_expires_after: OutputLife | None = None


class BatchFault(Reply):
    """Something that is wrong with the file."""

    code: str
    message: str
    line: int | None
    param: str | None


class BatchFaults(Reply):
    """All that is wrong with the file, up to 100 faults."""

    object: Literal["list"] = "list"
    data: list[BatchFault]


class RequestCounts(Reply):
    """How far it is."""

    total: int
    completed: int
    failed: int


class CachedTokens(Reply):
    """Of the tokens read."""

    cached_tokens: int = 0


class ReasoningTokens(Reply):
    """Of the tokens written."""

    reasoning_tokens: int = 0


class BatchTokens(Reply):
    """Tokens of all its requests."""

    input_tokens: int
    input_tokens_details: CachedTokens = CachedTokens()
    output_tokens: int
    output_tokens_details: ReasoningTokens = ReasoningTokens()
    total_tokens: int


class BatchObject(Resource):
    """A batch."""

    object: Literal["batch"] = "batch"
    endpoint: str
    errors: BatchFaults | None
    input_file_id: str
    completion_window: str
    status: BatchStatus
    output_file_id: str | None
    error_file_id: str | None
    created_at: int
    in_progress_at: int | None
    expires_at: int
    finalizing_at: int | None
    completed_at: int | None
    failed_at: int | None
    expired_at: int | None
    cancelling_at: int | None
    cancelled_at: int | None
    request_counts: RequestCounts
    usage: BatchTokens
    metadata: dict[str, str]
