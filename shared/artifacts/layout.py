"""Where the artifact store keeps what there is: one function a kind, so that no key is written twice."""

from __future__ import annotations

OUR_MODELS = "ft:"
"""How the ids of models begin that were trained here."""


FEW_SHOT = "fs:"
"""How the ids of models begin that consist of a few examples; they have no bundle."""


MINILM = "minilm"
"""all-MiniLM-L6-v2, which is installed with Parley: 22.7 M parameters, English, Apache 2.0."""

BASE_MODELS = (MINILM,)
"""Models that are there without any job; each embeds texts."""


def file_key(file_id: str) -> str:
    """An uploaded file, or a result file of a job."""
    return f"files/{file_id}"


def model_key(model_id: str) -> str:
    """The bundle of a model."""
    return f"models/{model_id}"


def encoder_key(model_id: str) -> str:
    """The trained encoder of a model, for jobs that go on from it."""
    return f"encoders/{model_id}"


def upload_key(upload_id: str, part_id: str | None = None) -> str:
    """The parts of an upload, or one of them."""
    return f"uploads/{upload_id}" if part_id is None else f"uploads/{upload_id}/{part_id}"


def batch_key(batch_id: str, part: int | None = None) -> str:
    """The results of a batch that is under way, or one part of them."""
    return f"batches/{batch_id}" if part is None else f"batches/{batch_id}/{part:06d}"


def media_key(media_id: str) -> str:
    """A picture or a sound, for as long as it is being read; or speech, until it is fetched."""
    return f"media/{media_id}"


def checkpoints_key(job_id: str) -> str:
    """The checkpoints of a job, while it runs."""
    return f"jobs/{job_id}/checkpoints"
