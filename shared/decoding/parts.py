"""What a decoder is served by, read from its files in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import CHAT_TEMPLATE, TOKENIZER, DecoderShape
from shared.decoding.chat_template import ChatTemplate, read_template
from shared.decoding.graph import DecoderGraph, open_graph
from shared.decoding.tokenizer import DecoderTokens
from shared.errors import BrokenArtifact
from shared.inference.session import CPU


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """How much of the machine a model may have.

    Attributes:
        slots: Answers written at once.
        context: Tokens of each, prompt and answer together; ``None``: what the model can.
        threads: Threads inside one step.
        providers: Where to run, best first.
    """

    slots: int = 16
    context: int | None = None
    threads: int = 1
    providers: Sequence[str] = CPU


@dataclass(frozen=True, slots=True)
class DecoderParts:
    """A decoder's files, read but for the graph, which may be loaded already.

    Attributes:
        path: Its graph.
        shape: Of the graph.
        tokens: Its tokenizer.
        template: What conversations look like to it, if it was made for them.
        limits: How much of the machine it may have.
    """

    path: Path
    shape: DecoderShape
    tokens: DecoderTokens
    template: ChatTemplate | None
    limits: DecoderLimits

    @classmethod
    def of_bundle(cls, bundle: Bundle, limits: DecoderLimits) -> Self:
        """Those of a published model.

        Raises:
            BrokenArtifact: It is none that can be talked to, or its files do not fit together.
        """
        manifest = bundle.manifest
        if not isinstance(manifest.decoder, DecoderShape):
            raise BrokenArtifact(f"{manifest.model_id} is a model of {manifest.task}, which nobody can talk to")
        served = bundle.served(on_gpu=limits.providers[0] != CPU[0])
        return cls.of_files(served, manifest.decoder, limits)

    @classmethod
    def of_files(cls, graph: Path, shape: DecoderShape, limits: DecoderLimits) -> Self:
        """The same of a graph with tokenizer and template beside it."""
        tokens = DecoderTokens.from_file(graph.parent / TOKENIZER)
        source, template = graph.parent / CHAT_TEMPLATE, None
        if source.is_file():
            end = next(iter(shape.end), None)
            template = read_template(source, tokens.tokenizer, begin=shape.begin, end=end)
        return cls(graph, shape, tokens, template, limits)

    def graph(self) -> DecoderGraph:
        """Load the graph.

        Raises:
            BrokenArtifact: It cannot be run.
            SettingsError: The first provider is not there.
        """
        limits = self.limits
        return open_graph(
            self.path,
            self.shape,
            slots=limits.slots,
            context=limits.context,
            threads=limits.threads,
            providers=limits.providers,
        )
