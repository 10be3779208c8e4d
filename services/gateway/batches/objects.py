"""Stored batches in the shape of the convention."""

from __future__ import annotations

from services.gateway.batches.schemas import BatchFault, BatchFaults, BatchObject, BatchTokens, RequestCounts
from shared.storage.tables.batches import FINAL_BATCH_STATUSES, Batch


def batch_object(batch: Batch) -> BatchObject:
    """A batch; times are whole seconds. Its files are shown once they are there."""
    faults = [BatchFault.model_validate(fault) for fault in batch.errors]
    is_over = batch.status in FINAL_BATCH_STATUSES
    return BatchObject(
        id=batch.id,
        endpoint=batch.endpoint,
        errors=BatchFaults(data=faults) if faults else None,
        input_file_id=batch.input_file_id,
        completion_window=batch.completion_window,
        status=batch.status,
        output_file_id=batch.output_file_id if is_over else None,
        error_file_id=batch.error_file_id if is_over else None,
        created_at=int(batch.created_at),
        in_progress_at=_seconds(batch.in_progress_at),
        expires_at=int(batch.expires_at),
        finalizing_at=_seconds(batch.finalizing_at),
        completed_at=_seconds(batch.completed_at),
        failed_at=_seconds(batch.failed_at),
        expired_at=_seconds(batch.expired_at),
        cancelling_at=_seconds(batch.cancelling_at),
        cancelled_at=_seconds(batch.cancelled_at),
        request_counts=RequestCounts(total=batch.total, completed=batch.completed, failed=batch.failed),
        usage=BatchTokens(
            input_tokens=batch.input_tokens,
            output_tokens=batch.output_tokens,
            total_tokens=batch.input_tokens + batch.output_tokens,
        ),
        metadata=batch.user_metadata,
    )


def _seconds(time: float | None) -> int | None:
    return None if time is None else int(time)
