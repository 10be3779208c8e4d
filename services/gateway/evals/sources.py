"""The rows of a run: sent with it, in a file, or completions that were stored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.gateway.http.bodies.schemas import Metadata, Name
from shared.evals.graders import GraderMessage
from shared.evals.rows import MAX_ROWS, SourceRow

#: Stored completions of a run.
MAX_STORED = 1000


class _Part(BaseModel):
    """Fields of the convention that have no meaning here are skipped."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FileContent(_Part):
    """Rows in the request itself."""

    type: Literal["file_content"]
    content: Annotated[list[SourceRow], Field(min_length=1, max_length=MAX_ROWS)]


class FileId(_Part):
    """Rows in a file: a JSON object a line, `{"item": {...}}`."""

    type: Literal["file_id"]
    id: Name


class StoredCompletions(_Part):
    """Chats that were stored (`store: true`)."""

    type: Literal["stored_completions"]
    model: Name | None = None
    metadata: Metadata | None = None
    created_after: int | None = None
    created_before: int | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_STORED)] | None = None


class MessageTemplate(_Part):
    """Messages with marks."""

    type: Literal["template"]
    template: Annotated[list[GraderMessage], Field(min_length=1, max_length=256)]


class ItemReference(_Part):
    """A list of messages that stands in the row."""

    type: Literal["item_reference"]
    item_reference: Annotated[str, StringConstraints(min_length=1, max_length=256)]


Rows = Annotated[FileContent | FileId | StoredCompletions, Field(discriminator="type")]
InputMessages = Annotated[MessageTemplate | ItemReference, Field(discriminator="type")]


class Jsonl(_Part):
    """Rows that are graded as they are."""

    type: Literal["jsonl"]
    source: Annotated[FileContent | FileId, Field(discriminator="type")]


class Sampled(_Part):
    """Rows that a model is asked about: by chats, or by responses."""

    type: Literal["completions", "responses"]
    source: Rows
    input_messages: InputMessages | None = None
    model: Name | None = None
    sampling_params: dict[str, Any] | None = None


DataSource = Annotated[Jsonl | Sampled, Field(discriminator="type")]
