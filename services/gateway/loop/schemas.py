"""``/v1/loop``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.feedback.schemas import Source
from services.gateway.http.bodies.schemas import Body, Name, Reply, Resource

RoundState = Literal["preparing", "training", "asking", "promoted", "refused", "dismissed", "failed"]


class LoopRule(Body):
    """When the model in production is trained again on what people corrected.

    Attributes:
        enabled: Without it no round begins by itself.
        new_labels: Corrected turns since the last round from which on one begins; null: their number begins none.
        every_hours: After so long one begins, if anything was corrected at all; null: time begins none.
        on_drift: Whether one begins when the platform alerts that its model is asked other things than it was trained for (or when a request says so
            with the reason `drift`), if anything was corrected since the last.
        sources: Whose corrections count.
        promotion: `auto`: a model that the gate lets pass goes into production; `ask`: a person decides.
        dialogues: Id of a dialogue file that a model must hold with the bot in service.
        base_file: The rows that corrections are added to; null: those of the model in production.
        n_epochs: Passes over the rows; null: as the model in production was trained.
    """

    enabled: bool = True
    new_labels: Annotated[int, Field(ge=1, le=50_000)] | None = 50
    every_hours: Annotated[float, Field(gt=0, le=8_784)] | None = None
    on_drift: bool = True
    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=3)] = ("agent", "reviewer")
    promotion: Literal["auto", "ask"] = "ask"
    dialogues: Name | None = None
    base_file: Name | None = None
    n_epochs: Annotated[int, Field(ge=1, le=50)] | None = None


class StartRound(Body):
    """Begin a round now.

    Attributes:
        reason: `asked`: a person wants it; `drift`: something noticed that what customers say has changed, which the rule may allow.
    """

    reason: Literal["asked", "drift"] = "asked"


class RoundObject(Resource):
    """One time around the loop.

    Attributes:
        state: `preparing` the rows, `training`, `asking` a person; `promoted`, `refused` by the gate, `dismissed` by a person, `failed`.
        reason: Why it began.
        outcome: How it ended, or what is asked.
        corrections: Turns that people corrected among its rows.
        disagreements: Those of which people of one kind said different things; the newest counts.
        base_file: The rows they were added to.
        corrections_file: They alone.
        training_file: Both: the version of the data set.
        before: The model in production when it began.
        scores: Of the new model on the test rows, and of the one before on the same rows where both were read.
    """

    object: Literal["loop.round"] = "loop.round"
    created_at: int
    finished_at: int | None
    state: RoundState
    reason: str
    outcome: str | None
    corrections: int
    disagreements: int
    base_file: str | None
    corrections_file: str | None
    training_file: str | None
    job: str | None
    model: str | None
    before: str | None
    scores: dict[str, float] | None


class LoopStatus(Reply):
    """Where the loop stands.

    Attributes:
        rule: By which rounds begin; null: there is none yet.
        new_corrections: Corrected turns that no round has learned yet.
        next: What has to happen for the next round, in a sentence.
        rounds: The last ten, newest first.
    """

    object: Literal["loop"] = "loop"
    rule: LoopRule | None
    new_corrections: int
    next: str
    rounds: list[RoundObject]
