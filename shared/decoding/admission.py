"""What a decoder is asked, checked before it waits for a slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shared.contracts.chat.generation import Sampling
from shared.decoding.answer import Emit, Request
from shared.decoding.graph import DecoderGraph
from shared.decoding.sampling import Constraint
from shared.errors import InvalidInput

#: Makes the grammar of a JSON schema.
Constraints = Callable[[dict[str, Any]], Constraint]


def admitted(
    graph: DecoderGraph,
    prompt: Sequence[int],
    sampling: Sampling,
    emit: Emit,
    constraints: Constraints | None,
    constraint: Constraint | None = None,
    lora: int = 0,
) -> Request:
    """The request, if the graph can answer it; ``constraint`` stands in place of one made of the sampling's schema.

    Raises:
        InvalidInput: The prompt is empty, too long or holds unknown tokens; or the schema cannot be followed.
    """
    if not prompt:
        raise InvalidInput("the prompt has no tokens; write something to go on with", param="prompt")
    if len(prompt) >= graph.context:
        raise InvalidInput(
            f"the prompt has {len(prompt)} tokens, and with its answer it may have {graph.context}; shorten it",
            param="prompt",
            code="context_length_exceeded",
        )
    if not 0 <= min(prompt) <= max(prompt) < graph.shape.vocabulary:
        raise InvalidInput(
            f"token ids go from 0 to {graph.shape.vocabulary - 1}; make the prompt with the model's tokenizer",
            param="prompt",
        )
    if sampling.json_schema is None or constraint is not None:
        return Request(tuple(prompt), sampling, emit, constraint=constraint, lora=lora)
    if constraints is None:
        raise InvalidInput("JSON schemas are not followed here; leave json_schema out", param="json_schema")
    return Request(tuple(prompt), sampling, emit, constraint=constraints(sampling.json_schema), lora=lora)
