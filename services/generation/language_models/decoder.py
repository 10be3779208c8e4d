"""A decoder from a bundle, with a scheduler of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Self

from services.generation.language_models.calling import Calling, Writing
from services.generation.language_models.shared_graphs import Answers, SharedGraphs
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import DecoderShape
from shared.contracts.chat.generation import (
    ChosenToken,
    FinishReason,
    GenerateText,
    Sampling,
    TextGenerated,
    TextPiece,
    TokenLogprob,
    TokensProduced,
)
from shared.decoding.answer import Finish, Part
from shared.decoding.call_reader import CallReader, Read
from shared.decoding.chat_template import BadTemplate
from shared.decoding.grammar import Grammars
from shared.decoding.parts import DecoderLimits, DecoderParts
from shared.decoding.scheduler import Scheduler
from shared.decoding.tokenizer import DecoderTokens
from shared.errors import InvalidInput, Unavailable
from shared.messaging.consuming.handlers import Emitter


class Decoder:
    """See ``Generator``.

    Args:
        model_id: The id of the model.
        scheduler: Writes; closed with the decoder.
        tokens: The model's tokenizer.
        calling: Its side of conversations, if it was made for them.
        shape: Of its graph.
    """

    def __init__(
        self,
        model_id: str,
        scheduler: Answers,
        tokens: DecoderTokens,
        calling: Calling | None,
        shape: DecoderShape,
    ) -> None:
        self._model_id = model_id
        self._scheduler = scheduler
        self._tokens = tokens
        self._calling = calling
        self._shape = shape

    @classmethod
    def from_bundle(cls, bundle: Bundle, limits: DecoderLimits, graphs: SharedGraphs) -> Self:
        """Load a model; if one of the same graph is loaded, with that.

        Raises:
            BrokenArtifact: It is none that writes, or its files do not fit together.
            SettingsError: The first provider is not there.
        """
        parts = DecoderParts.of_bundle(bundle, limits)
        shape = parts.shape
        # A model that never ends its answers cannot tell that an object is complete.
        grammars = Grammars(parts.tokens, shape.vocabulary, shape.end) if shape.end else None
        calling = Calling(parts.template, parts.tokens, grammars) if parts.template else None
        scheduler = graphs.join(
            bundle, parts.path.name, lambda: Scheduler(parts.graph(), parts.tokens, constraints=grammars)
        )
        return cls(bundle.manifest.model_id, scheduler, parts.tokens, calling, shape)

    def generate(self, request: GenerateText, emitter: Emitter) -> None:
        """See ``Generator``."""
        prompt = self._prompt(request)
        answer = _Answer(self._model_id, request.choices, emitter)
        futures: list[Future[Finish]] = []
        try:
            for choice in range(request.choices):
                writing = self._writing(request)
                emit = self._emit(choice, emitter, writing.reader if writing else None)
                sampling = _sampling_of(request.sampling, choice)
                futures.append(self._scheduler.submit(prompt, sampling, emit, writing.constraint if writing else None))
                answer.readers[choice] = writing.reader if writing else None
        except Exception:
            _cancel(futures)
            raise
        emitter.on_cancel(lambda: _cancel(futures))
        for choice, future in enumerate(futures):
            future.add_done_callback(partial(answer.ended, choice, futures))

    def close(self) -> None:
        """See ``Generator``."""
        self._scheduler.close()

    def _prompt(self, request: GenerateText) -> list[int]:
        if request.prompt is not None:
            begin = [] if self._shape.begin is None else [self._shape.begin]
            return begin + self._tokens.encode(request.prompt)
        if self._calling is None:
            raise InvalidInput(
                "this model has no chat template: it goes on with texts, not conversations", param="model"
            )
        try:
            return self._tokens.encode_marked(self._calling.prompt(request))
        except BadTemplate as error:
            raise InvalidInput(
                f"the model's chat template refuses this conversation: {error}", param="messages"
            ) from error

    def _writing(self, request: GenerateText) -> Writing | None:
        return self._calling.writing(request) if self._calling is not None else None

    def _emit(self, choice: int, emitter: Emitter, reader: CallReader | None) -> Callable[[Part], None]:
        def emit(part: Part) -> None:
            read = reader.add(part.text) if reader else Read(part.text)
            piece = TextPiece(
                text=read.words,
                choice=choice,
                tokens=int(part.token is not None),
                # Those of a call belong to no words.
                logprobs=self._logprobs(part) if reader is None or read.words else (),
                calls=read.calls,
            )
            emitter.send(TokensProduced(pieces=(piece,)))

        return emit

    def _logprobs(self, part: Part) -> tuple[ChosenToken, ...]:
        if part.logprob is None:
            return ()
        chosen = self._token(part.logprob.token, part.logprob.logprob)
        top = tuple(self._token(token, logprob) for token, logprob in part.logprob.top)
        return (ChosenToken(token=chosen.token, logprob=chosen.logprob, bytes=chosen.bytes, top=top),)

    def _token(self, token: int, logprob: float) -> TokenLogprob:
        known = token < len(self._tokens.pieces)
        piece = self._tokens.pieces[token] if known else b""
        # JSON has no infinity; the convention has -9999 for what is as good as impossible.
        return TokenLogprob(token=piece.decode(errors="replace"), logprob=max(logprob, -9999.0), bytes=tuple(piece))


class _Answer:
    """Counts the choices of one request that have ended."""

    def __init__(self, model_id: str, choices: int, emitter: Emitter) -> None:
        self._model_id = model_id
        self._emitter = emitter
        self._lock = Lock()
        self._finished: dict[int, Finish] = {}
        self._choices = choices
        self.readers: dict[int, CallReader | None] = {}

    def ended(self, choice: int, all_of_it: Sequence[Future[Finish]], done: Future[Finish]) -> None:
        """A choice ended; with the last one, or with an error, the request does."""
        if done.cancelled():
            self._emitter.fail(Unavailable("the answer was cancelled"))
            return
        error = done.exception()
        if error is not None:
            self._emitter.fail(error if isinstance(error, Exception) else Unavailable("decoding has ended; ask again"))
            _cancel(all_of_it)
            return
        with self._lock:
            self._finished[choice] = done.result()
            complete = len(self._finished) == self._choices
        if complete:
            self._emitter.finish(self._total())

    def _total(self) -> TextGenerated:
        ends = [self._finished[choice] for choice in range(self._choices)]
        reasons = tuple(self._reason(choice, end) for choice, end in enumerate(ends))
        for choice, reader in self.readers.items():
            if reader is not None and (rest := reader.rest()):
                self._emitter.send(TokensProduced(pieces=(TextPiece(text=rest, choice=choice, tokens=0),)))
        return TextGenerated(
            model=self._model_id,
            finish_reasons=reasons,
            prompt_tokens=ends[0].prompt_tokens,
            completion_tokens=sum(end.completion_tokens for end in ends),
            cached_tokens=ends[0].cached_tokens,
        )

    def _reason(self, choice: int, end: Finish) -> FinishReason:
        reader = self.readers.get(choice)
        return "tool_calls" if end.reason == "stop" and reader is not None and reader.calls else end.reason


def _sampling_of(sampling: Sampling, choice: int) -> Sampling:
    """Choices of one seed differ, and do so in the same way each time."""
    if sampling.seed is None or not choice:
        return sampling
    return sampling.model_copy(update={"seed": (sampling.seed + choice) % 2**63})


def _cancel(futures: Sequence[Future[Finish]]) -> None:
    for future in futures:
        future.cancel()
