"""Serves models that write a text from another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import TOKENIZER, EncoderDecoderShape
from shared.contracts.training.tasks import TaskName
from shared.decoding.encoder_decoder import EncoderDecoder
from shared.decoding.sources import Sources
from shared.decoding.tokenizer import DecoderTokens
from shared.errors import BrokenArtifact
from shared.inference.predictor import Prediction
from shared.inference.session import CPU
from shared.tasks.seq2seq.record import Input


class SequenceWriter:
    """Writes a text from another, always by the likeliest words. Safe to use from many threads at once.

    Args:
        model_id: The id of the model.
        graphs: Of the model; closed with the writer.
        tokens: Its tokenizer.
        max_length: Tokens that are read of a text.
    """

    task: TaskName = "seq2seq"

    def __init__(self, model_id: str, graphs: EncoderDecoder, tokens: DecoderTokens, max_length: int) -> None:
        self.model_id = model_id
        self.graphs = graphs
        self.tokens = tokens
        self.max_length = max_length
        self.sources = Sources(tokens.tokenizer, max_length)

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, threads: int = 1, providers: Sequence[str] = CPU) -> Self:
        """Load a model, warm.

        Raises:
            BrokenArtifact: Its files do not fit together.
            SettingsError: The first provider is not there.
        """
        manifest = bundle.manifest
        if not isinstance(manifest.decoder, EncoderDecoderShape):
            raise BrokenArtifact(f"the manifest of {manifest.model_id} describes no encoder-decoder; train it again")
        graph = bundle.served(on_gpu=providers[0] != CPU[0])
        return cls.from_files(
            graph, manifest.decoder, manifest.model_id, manifest.max_length, threads=threads, providers=providers
        )

    @classmethod
    def from_files(
        cls,
        graph: Path,
        shape: EncoderDecoderShape,
        model_id: str,
        max_length: int,
        *,
        threads: int = 1,
        providers: Sequence[str] = CPU,
    ) -> Self:
        """The same of a decoder's graph with the encoder and the tokenizer beside it."""
        tokens = DecoderTokens.from_file(graph.parent / TOKENIZER)
        graphs = EncoderDecoder.open(graph, shape, threads=threads, providers=providers)
        writer = cls(model_id, graphs, tokens, max_length)
        writer.warm_up()
        return writer

    @property
    def shape(self) -> EncoderDecoderShape:
        """Of its graphs."""
        return self.graphs.shape

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"text", "truncated"}`` of each; ``truncated``: the end of its input was not read."""
        read = [self.sources.of(row.input) for row in rows]
        written = self.graphs.write([ids for ids, _ in read], [row.max_tokens for row in rows])
        return [
            Prediction({"text": self.tokens.decode(one).strip(), "truncated": is_cut}, len(ids) + len(one))
            for (ids, is_cut), one in zip(read, written, strict=True)
        ]

    def warm_up(self) -> None:
        """Write a token, so that graphs that do not fit are found now.

        Raises:
            BrokenArtifact: They give other logits than the manifest says, or too few for the tokenizer.
        """
        (logits,) = self.graphs.read([[0]], [self.shape.begin])
        if logits.shape[1] != self.shape.vocabulary or logits.shape[1] < self.tokens.tokenizer.get_vocab_size():
            raise BrokenArtifact(f"graphs, tokenizer and manifest of {self.model_id} do not fit; train the model again")

    def close(self) -> None:
        """Free the model's memory."""
        self.graphs.close()
