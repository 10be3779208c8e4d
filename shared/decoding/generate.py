"""Many prompts answered in one call, for readers and evaluation: through the same steps that serve."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.chat.generation import Sampling
from shared.decoding.admission import Constraints, admitted
from shared.decoding.answer import Finish, Part
from shared.decoding.batch import Batch
from shared.decoding.graph import DecoderGraph
from shared.decoding.sampling import TokenLogprob
from shared.decoding.tokenizer import DecoderTokens


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer as a whole.

    Attributes:
        text: Without the prompt.
        tokens: Its ids, without the one that ended it.
        finish: How it ended.
        logprobs: Of each token, where the sampling asks for them.
    """

    text: str
    tokens: tuple[int, ...]
    finish: Finish
    logprobs: tuple[TokenLogprob, ...] = ()


def generate(
    graph: DecoderGraph,
    tokenizer: DecoderTokens,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling | Sequence[Sampling],
    *,
    constraints: Constraints | None = None,
) -> list[Completion]:
    """Answer each prompt.

    Args:
        graph: Nothing else may use it meanwhile.
        tokenizer: The model's.
        prompts: Token ids.
        sampling: One for all, or one for each.
        constraints: Makes the grammar of a JSON schema.

    Returns:
        The answers, in the order of the prompts.

    Raises:
        InvalidInput: A prompt or a schema cannot be answered.
    """
    samplings = [sampling] * len(prompts) if isinstance(sampling, Sampling) else list(sampling)
    parts: list[list[Part]] = [[] for _ in prompts]
    asked = zip(prompts, samplings, parts, strict=True)
    requests = [admitted(graph, prompt, how, written.append, constraints) for prompt, how, written in asked]
    batch, waiting = Batch(graph, tokenizer.pieces), deque(requests)
    while waiting or batch.busy:
        while waiting and batch.free:
            batch.join(waiting.popleft())
        batch.step()
    return [completion(written, request.future.result()) for written, request in zip(parts, requests, strict=True)]


def completion(parts: Sequence[Part], finish: Finish) -> Completion:
    """The answer that was told in ``parts``."""
    return Completion(
        "".join(part.text for part in parts),
        tuple(part.token for part in parts if part.token is not None),
        finish,
        tuple(part.logprob for part in parts if part.logprob is not None),
    )
