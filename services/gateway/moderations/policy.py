"""``moderation`` of a request: what is judged of a question and its answer, and what becomes of what is flagged."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.gateway.http.bodies.schemas import Name, Reply
from services.gateway.moderations.moderator import Judgement, Moderator
from services.gateway.moderations.schemas import Moderation
from shared.errors import ParleyError


class _Side(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    mode: Literal["score", "block"]


class _Policy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    input: _Side | None = None
    output: _Side | None = None


class ModerationOptions(BaseModel):
    """What a request asks for: a model, and for each side ``score`` (tell) or ``block`` (let not through)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: Name
    policy: _Policy | None = None

    @property
    def blocks_input(self) -> bool:
        """Whether a flagged question is to reach nobody."""
        return self.policy is not None and self.policy.input is not None and self.policy.input.mode == "block"

    @property
    def blocks_output(self) -> bool:
        """Whether a flagged answer is not to be said."""
        return self.policy is not None and self.policy.output is not None and self.policy.output.mode == "block"


class ModerationResult(Moderation):
    """The judgement of one text."""

    type: Literal["moderation_result"] = "moderation_result"
    model: str


class ModerationFailure(Reply):
    """Why there is no judgement."""

    type: Literal["error"] = "error"
    code: str
    message: str


class ModerationResults(Reply):
    """The judgement of one side, as chats have it."""

    type: Literal["moderation_results"] = "moderation_results"
    model: str
    results: list[ModerationResult]


Judged = ModerationResult | ModerationFailure


class ChatModeration(Reply):
    """The judgement of a question and its answer, as chats have it."""

    input: ModerationResults | ModerationFailure
    output: ModerationResults | ModerationFailure


class ResponseModeration(Reply):
    """The same, as responses have it."""

    input: Judged
    output: Judged


def as_in_chats(input_: Judged, output: Judged) -> ChatModeration:
    """Both sides in the shape of chats."""
    return ChatModeration(input=_listed(input_), output=_listed(output))


def _listed(judged: Judged) -> ModerationResults | ModerationFailure:
    if isinstance(judged, ModerationFailure):
        return judged
    return ModerationResults(model=judged.model, results=[judged])


class Moderated:
    """One request on its way.

    Args:
        moderator: Judges.
        options: What was asked for; ``None``: nothing.
    """

    def __init__(self, moderator: Moderator, options: ModerationOptions | None) -> None:
        self._moderator = moderator
        self.options = options
        self.input: Judged | None = None
        self.output: Judged | None = None

    @property
    def holds_back(self) -> bool:
        """Whether nothing of an answer may be told before all of it is judged."""
        return self.options is not None and self.options.blocks_output

    async def flagged_input(self, text: str) -> str | None:
        """Judge the question; returns the category for which it is to be blocked.

        Raises:
            ParleyError: It is to be blocked if flagged, and nobody can judge it.
        """
        if self.options is None:
            return None
        self.input = await self._judged(self.options, text, strict=self.options.blocks_input)
        return _category(self.input) if self.options.blocks_input else None

    async def flagged_output(self, text: str) -> str | None:
        """The same of the answer."""
        if self.options is None:
            return None
        self.output = await self._judged(self.options, text, strict=self.options.blocks_output)
        return _category(self.output) if self.options.blocks_output else None

    def for_chat(self) -> ChatModeration | None:
        """Both, in the shape of chats; ``None``: nothing was asked for, or nothing was answered."""
        if self.input is None or self.output is None:
            return None
        return as_in_chats(self.input, self.output)

    def for_response(self) -> ResponseModeration | None:
        """Both, in the shape of responses."""
        if self.input is None or self.output is None:
            return None
        return ResponseModeration(input=self.input, output=self.output)

    async def _judged(self, options: ModerationOptions, text: str, *, strict: bool) -> Judged:
        try:
            judgement = await self._moderator.judge(options.model, [text])
        except ParleyError as error:
            if strict or not error.retryable:
                raise
            return ModerationFailure(code=error.code, message=error.message)
        return _result(judgement)


def _result(judgement: Judgement) -> ModerationResult:
    return ModerationResult(model=judgement.judge, **judgement.results[0].model_dump())


def _category(judged: Judged) -> str | None:
    """The surest category for which a text is flagged."""
    if not isinstance(judged, ModerationResult) or not judged.flagged:
        return None
    flagged = [name for name, applies in judged.categories.items() if applies and name not in ("contacts", "links")]
    return max(flagged, key=lambda name: judged.category_scores.get(name, 0.0))
