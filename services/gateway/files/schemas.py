"""``/v1/files``."""

from __future__ import annotations

from typing import Any, Literal

from services.gateway.http.bodies.schemas import Resource

Purpose = Literal[
    "fine-tune", "fine-tune-results", "assistants", "batch", "batch_output", "vision", "user_data", "evals"
]
UploadPurpose = Literal["fine-tune", "assistants", "batch", "vision", "user_data", "evals"]


class FileObject(Resource):
    """An uploaded or produced file.

    Attributes:
        status: ``processed``, or ``error`` when rows of a training file are wrong.
        status_details: What is wrong, in a sentence.
        sha256: Of its bytes.
        parley: What the reader of training files found: ``task`` (what the rows are for), ``rows``, ``fault_count``, ``faults``, ``warning_count``,
            ``warnings``; and under ``import`` what was understood of a file that was imported. Empty for other purposes.
    """

    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int | None
    filename: str
    purpose: str
    status: Literal["uploaded", "processed", "error"]
    status_details: str | None
    sha256: str
    parley: dict[str, Any]
