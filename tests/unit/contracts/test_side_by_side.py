"""What several processes are not offered for: refused with what to use instead."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.offered import job_not_offered


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"task": "embedding"}, "compares each row of a batch with all others"),
        (
            {"search": {"trials": 2, "space": {"learning_rate_multiplier": {"low": 0.5, "high": 2}}}},
            "search on one device",
        ),
        ({"ensemble": {"members": 2}}, "members of an 'ensemble'"),
        ({"task": "text_generation", "objectives": [{"type": "dpo"}]}, "use rows_at_once"),
    ],
)
def test_what_cannot_be_shared_is_refused(asked: dict[str, Any], why: str) -> None:
    spec = {"model": "minilm", "training_file": "file-1", **asked}
    assert job_not_offered(JobSpec.model_validate(spec)) is None
    refused = job_not_offered(JobSpec.model_validate({**spec, "schedule": {"devices": 2}}))
    assert refused is not None
    assert refused[0] == "schedule.devices"
    assert why in refused[1]
