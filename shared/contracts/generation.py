"""How a language model is asked to go on with a text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from shared.contracts.message import Value


class Sampling(Value):
    """How each next token is chosen, and when a text ends.

    Attributes:
        temperature: Logits are divided by it; 0: always the likeliest token.
        top_p: Only the likeliest tokens that together have this probability (Holtzman et al. 2020, arXiv:1904.09751).
        top_k: Only so many of the likeliest tokens.
        min_p: Only tokens with at least this share of the likeliest one's probability (Nguyen et al. 2024, arXiv:2407.01082).
        frequency_penalty: Taken from a token's logit for each time that the answer has it already.
        presence_penalty: Taken once, if the answer has the token at all.
        repetition_penalty: Logits of tokens in prompt or answer are weakened by this factor (Keskar et al. 2019, arXiv:1909.05858).
        seed: Same seed, same text, whatever else runs; without one every answer differs.
        stop: Texts that end the answer and are not part of it.
        max_tokens: Tokens that the answer has at most; without it, what the model's context leaves.
        top_logprobs: Likeliest tokens told at each place with their log-probability; ``None``: no log-probabilities at all.
        json_schema: What the answer has to be, as JSON schema; ``{}``: any JSON object.
    """

    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=1, le=1000)] | None = None
    min_p: Annotated[float, Field(ge=0, lt=1)] = 0.0
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] = 1.0
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=256)], ...], Field(max_length=4)] = ()
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    json_schema: dict[str, Any] | None = None
