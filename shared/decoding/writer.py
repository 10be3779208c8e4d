"""What all models have in common that write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np
from tokenizers import Tokenizer

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import CHAT_TEMPLATE, DecoderShape
from shared.contracts.chat.generation import Sampling
from shared.contracts.training.tasks import TaskName
from shared.decoding.chat_template import ChatTemplate
from shared.decoding.generate import Completion, generate
from shared.decoding.graph import DecoderGraph
from shared.decoding.parts import DecoderLimits, DecoderParts
from shared.decoding.tokenizer import DecoderTokens
from shared.errors import BrokenArtifact
from shared.inference.session import CPU, FloatArray

#: Texts that are written side by side.
_SLOTS = 8


class Writer:
    """A decoder's graph with its tokenizer and its manifest. Safe to use from many threads, which take turns.

    Args:
        model_id: The id of the model.
        task: What it was trained for.
        graph: Its graph; closed with the writer.
        tokens: Its tokenizer.
        template: What conversations look like to it.
    """

    def __init__(
        self, model_id: str, task: TaskName, graph: DecoderGraph, tokens: DecoderTokens, template: ChatTemplate
    ) -> None:
        self.model_id = model_id
        self.task: TaskName = task
        self.tokens = tokens
        self.template = template
        self._graph = graph
        self._turn = Lock()

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, threads: int = 1, providers: Sequence[str] = CPU) -> Self:
        """Load a model, warm.

        Raises:
            BrokenArtifact: Its files do not fit together.
            SettingsError: The first provider is not there.
        """
        limits = DecoderLimits(slots=_SLOTS, threads=threads, providers=providers)
        return cls._warm(bundle.manifest.model_id, bundle.manifest.task, DecoderParts.of_bundle(bundle, limits))

    @classmethod
    def from_files(cls, graph: Path, shape: DecoderShape, model_id: str, task: TaskName, *, threads: int = 1) -> Self:
        """The same of a graph with tokenizer and template beside it."""
        limits = DecoderLimits(slots=_SLOTS, threads=threads)
        return cls._warm(model_id, task, DecoderParts.of_files(graph, shape, limits))

    @classmethod
    def _warm(cls, model_id: str, task: TaskName, parts: DecoderParts) -> Self:
        if parts.template is None:
            raise BrokenArtifact(f"{model_id} has no {CHAT_TEMPLATE}; publish the model again")
        writer = cls(model_id, task, parts.graph(), parts.tokens, parts.template)
        writer.warm_up()
        return writer

    @property
    def shape(self) -> DecoderShape:
        """Of its graph."""
        return self._graph.shape

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer, which knows the special tokens."""
        return self.tokens.tokenizer

    def write(self, prompts: Sequence[Sequence[int]], most: Sequence[int]) -> list[Completion]:
        """The likeliest answers, as they are served.

        Args:
            prompts: Token ids, fewer than the context holds.
            most: Tokens that each answer has at most.
        """
        likeliest = [Sampling(temperature=0, max_tokens=number) for number in most]
        with self._turn:
            return generate(self._graph, self.tokens, prompts, likeliest)

    def read(self, ids: Sequence[int]) -> FloatArray:
        """The logits of what follows each token of a text, [s, vocabulary]."""
        with self._turn:
            return self._graph.read(0, ids, 0)

    def warm_up(self) -> None:
        """Read a token, so that a graph that does not fit is found now.

        Raises:
            BrokenArtifact: It gives other logits than the manifest says, or too few for the tokenizer.
        """
        logits = self.read([0])
        if logits.shape[1] != self.shape.vocabulary or logits.shape[1] < self.tokenizer.get_vocab_size():
            raise BrokenArtifact(
                f"graph, tokenizer and manifest of {self.model_id} do not fit; publish the model again"
            )

    def close(self) -> None:
        """Free the model's memory."""
        self._graph.close()


def log_probabilities(logits: FloatArray, ids: Sequence[int]) -> FloatArray:
    """Of each token of a text but the first, given those before it, [s - 1]; of the logits [s - 1, vocabulary] of all but the last."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    found: FloatArray = shifted[np.arange(len(ids) - 1), list(ids[1:])] - np.log(np.exp(shifted).sum(axis=1))
    return found
