"""``/v1/fine_tuning/alpha/graders``."""

from __future__ import annotations

import time
from uuid import uuid4

from fastapi import Request

from services.gateway.background.requests import PatientRequests
from services.gateway.evals.schemas import (
    GraderErrors,
    GraderMetadata,
    GraderResult,
    RunGrader,
    ValidateGrader,
    ValidGrader,
)
from services.gateway.evals.worker import asking
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.router import resource
from services.gateway.state import State
from shared.evals.grading import graded, sample_of

router = resource("Evals")


@router.post("/fine_tuning/alpha/graders/run")
async def run(request: Request, body: RunGrader, state: State, caller: TrainCaller) -> GraderResult:
    """Grade one sample."""
    began = time.monotonic()
    names = {"item": body.item, "sample": sample_of(body.model_sample)}
    ask = asking(PatientRequests(request.app, state.traffic), caller, until=0.0)
    grade = await graded(body.grader, names, ask, f"grader/{uuid4().hex}")
    tokens = {model: took.get("read", 0) + took.get("written", 0) for model, took in grade.usage.items()}
    name = getattr(body.grader, "name", "")
    return GraderResult(
        reward=grade.score,
        metadata=GraderMetadata(
            errors=GraderErrors(),
            execution_time=time.monotonic() - began,
            name=name,
            scores=grade.parts or {name: grade.score},
            token_usage=sum(tokens.values()) if tokens else None,
            type=body.grader.type,
        ),
        model_grader_token_usage_per_model=tokens,
        sub_rewards=grade.parts,
    )


@router.post("/fine_tuning/alpha/graders/validate")
async def validate(body: ValidateGrader, _caller: TrainCaller) -> ValidGrader:
    """Whether a grader is one."""
    return ValidGrader(grader=body.grader.model_dump(mode="json"))
