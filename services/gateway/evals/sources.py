"""The rows of a run: sent with it, in a file, or completions that were stored."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.gateway.evals.graders import GraderMessage
from services.gateway.http.schemas import Metadata, Name
from shared.errors import InvalidInput

#: Rows of a run, and bytes of one.
MAX_ROWS, MAX_ROW_BYTES = 50_000, 1_000_000
#: Stored completions of a run.
MAX_STORED = 1000


class _Part(BaseModel):
    """Fields of the convention that have no meaning here are skipped."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SourceRow(_Part):
    """A row: what a model is asked about, and what one has answered, if that is to be graded."""

    item: dict[str, Any]
    sample: dict[str, Any] | None = None


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


def rows_in(stream: BinaryIO) -> Iterator[SourceRow]:
    """The rows of a file.

    Raises:
        InvalidInput: A line is no row; it is named by its number.
    """
    number = 0
    while line := stream.readline(MAX_ROW_BYTES + 1):
        number += 1
        if len(line) > MAX_ROW_BYTES:
            raise InvalidInput(f"line {number} has more than {MAX_ROW_BYTES} bytes", param="data_source.source.id")
        if not line.strip():
            continue
        try:
            yield SourceRow.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the line"
            raise InvalidInput(f"line {number}: {where}: {first['msg']}", param="data_source.source.id") from None


def counted(stream: BinaryIO) -> int:
    """How many rows a file has.

    Raises:
        InvalidInput: It has none, too many, or one that is none.
    """
    total = sum(1 for _ in islice(rows_in(stream), MAX_ROWS + 1))
    if not total or total > MAX_ROWS:
        raise InvalidInput(f"a run has between 1 and {MAX_ROWS} rows", param="data_source.source.id")
    return total
