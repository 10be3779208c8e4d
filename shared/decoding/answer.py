"""One answer that is being written, from its request to its last token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from shared.artifacts.manifest import DecoderShape
from shared.contracts.chat.generation import Sampling
from shared.decoding.detokenizer import Detokenizer
from shared.decoding.sampling import Constraint, Picker, TokenLogprob
from shared.decoding.stopping import StopTexts

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one token added.

    Attributes:
        text: May be empty: a token can hold half a character, or what may become a stop text. It may also hold what was withheld before.
        token: Its id; ``None`` where the model ended its answer and only what was withheld comes out.
        logprob: Where the sampling asks for it.
    """

    text: str
    token: int | None
    logprob: TokenLogprob | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """How an answer ended.

    Attributes:
        reason: ``stop``: the model or a stop text ended it; ``length``: it has as many tokens as it may.
        prompt_tokens: Of the prompt.
        completion_tokens: That were written, the one that ended the answer included.
        cached_tokens: Of the prompt, that another text had left read.
    """

    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


Emit = Callable[[Part], None]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is asked of a decoder.

    Attributes:
        prompt: Tokens, at least one.
        sampling: How tokens are chosen.
        emit: Called with each part as it is written, by the thread that decodes; it has to return at once.
        future: Has the end or an error; cancelling it ends the answer at the next token.
        constraint: What a grammar leaves.
        lora: The number of the model among those that share the graph.
    """

    prompt: Sequence[int]
    sampling: Sampling
    emit: Emit
    future: Future[Finish] = field(default_factory=Future)
    constraint: Constraint | None = None
    lora: int = 0

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.future.cancelled()

    def settle(self, outcome: Finish | BaseException) -> None:
        """Hand the end or an error to who waits; called once. A future that was cancelled tells so only now."""
        if not self.future.set_running_or_notify_cancel():
            return
        if isinstance(outcome, BaseException):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class Answer:
    """What is known of a request once it has a slot.

    Args:
        request: What was asked.
        shape: Of the decoder.
        context: Tokens that prompt and answer may have together.
        pieces: The bytes of each token.
    """

    def __init__(self, request: Request, shape: DecoderShape, context: int, pieces: Sequence[bytes]) -> None:
        self.request = request
        self.prompt = list(request.prompt)
        self.picker = Picker(request.sampling, self.prompt, shape.vocabulary, request.constraint)
        self.cached = 0
        self.last = self.prompt[-1]
        self._end = frozenset(shape.end)
        self._limit = min(request.sampling.max_tokens or context, context - len(self.prompt))
        self._written = 0
        self._detokenizer = Detokenizer(pieces)
        self._stops = StopTexts(request.sampling.stop)

    def take(self, token: int, logprob: TokenLogprob | None) -> Finish | None:
        """Go on with ``token``: emit what it adds, and tell whether the answer has ended."""
        self.last = token
        self._written += 1
        if token in self._end:
            return self._finish("stop", Part(self._stops.rest(), None))
        self.picker.take(token)
        text = self._stops.add(self._detokenizer.add(token))
        constraint = self.picker.constraint
        if self._stops.found:
            return self._finish("stop", Part(text, token, logprob))
        if constraint is not None and constraint.done:
            return self._finish("stop", Part(text + self._stops.rest(), token, logprob))
        if self._written >= self._limit:
            return self._finish("length", Part(text + self._stops.rest(), token, logprob))
        self.request.emit(Part(text, token, logprob))
        return None

    def _finish(self, reason: FinishReason, last: Part) -> Finish:
        if last.text or last.token is not None:
            self.request.emit(last)
        return Finish(reason, len(self.prompt), self._written, self.cached)
