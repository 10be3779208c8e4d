"""Where the artifact store keeps what training makes, beside bundles (``models/<id>``) and files (``files/<id>``)."""

from __future__ import annotations


def encoder_key(model_id: str) -> str:
    """The trained encoder of a model, for jobs that go on from it."""
    return f"encoders/{model_id}"


def checkpoints_key(job_id: str) -> str:
    """The checkpoints of a job, while it runs."""
    return f"jobs/{job_id}/checkpoints"
