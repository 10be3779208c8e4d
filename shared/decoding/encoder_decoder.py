"""An encoder-decoder as two graphs: a text is read once, and its keys and values stay while the other text is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shared.artifacts.manifest import EncoderDecoderShape, encoder_beside
from shared.errors import BrokenArtifact
from shared.inference.session import CPU, FloatArray, IntArray, OpenGraph, open_session

#: Texts that are read and written together.
_AT_ONCE = 16
_ELEMENTS: Mapping[str, Any] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}

States = list[NDArray[Any]]
"""Keys and values of each layer in turn, [b, heads, length, head_size] each."""


class EncoderDecoder:
    """Writes texts by their likeliest words. All texts of a batch are written in step: they begin together, so that no step pads.

    Args:
        encoder: Gives the keys and values of a source.
        decoder: Goes on with a target; see ``EncoderDecoderShape`` for inputs and outputs of both.
        shape: Of both.

    Raises:
        BrokenArtifact: They are none of that shape.
    """

    def __init__(self, encoder: OpenGraph, decoder: OpenGraph, shape: EncoderDecoderShape) -> None:
        self.shape = shape
        self._encoder, self._decoder = encoder, decoder
        names = [f"{n}.{kind}" for n in range(shape.layers) for kind in ("key", "value")]
        self._sources = [f"source.{name}" for name in names]
        self._past = [f"past_key_values.{name}" for name in names]
        self._outputs = ["logits", *(f"present.{name}" for name in names)]
        if not {*self._sources} <= {*encoder.outputs} or not {*self._sources, *self._past} <= {*decoder.inputs}:
            raise BrokenArtifact(f"the graphs are no encoder-decoder of {shape.layers} layers; train the model again")
        self._element = _ELEMENTS[decoder.types[self._past[0]]]

    @classmethod
    def open(cls, path: Path, shape: EncoderDecoderShape, *, threads: int = 1, providers: Sequence[str] = CPU) -> Self:
        """Load the decoder at ``path`` and the encoder beside it.

        Raises:
            BrokenArtifact: A file is missing or no graph of that shape.
            SettingsError: The first provider is not there.
        """
        files = (path.with_name(encoder_beside(path.name)), path)
        encoder, decoder = (OpenGraph(open_session(file, threads=threads, providers=providers)) for file in files)
        return cls(encoder, decoder, shape)

    def read(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[FloatArray]:
        """The logits of what may follow each token of each target, [t, vocabulary], given its source.

        Args:
            sources: Token ids, at least one each.
            targets: Token ids, the beginning included.
        """
        mask, states = self._encoded(sources)
        logits, _ = self._step(_padded(targets), mask, states, self._empty(len(targets)))
        return [found[: len(target)] for found, target in zip(logits, targets, strict=True)]

    def write(self, sources: Sequence[Sequence[int]], most: Sequence[int]) -> list[list[int]]:
        """What the model makes of each source, without the token that ends it: always the likeliest word.

        Args:
            sources: Token ids, at least one each.
            most: Tokens of each at most; the model's context may be lower.
        """
        found: list[list[int]] = [[] for _ in sources]
        by_length = sorted(range(len(sources)), key=lambda place: len(sources[place]))
        for start in range(0, len(by_length), _AT_ONCE):
            self._write([*by_length[start : start + _AT_ONCE]], sources, most, found)
        return found

    def _write(
        self, writing: list[int], sources: Sequence[Sequence[int]], most: Sequence[int], found: list[list[int]]
    ) -> None:
        mask, states = self._encoded([sources[place] for place in writing])
        past = self._empty(len(writing))
        room = self.shape.context - len(self.shape.begin)
        ids = np.tile(np.array(self.shape.begin, np.int64), (len(writing), 1))
        while writing:
            logits, past = self._step(ids, mask, states, past)
            tokens = logits[:, -1].argmax(axis=1)
            kept = []
            for row, place in enumerate(writing):
                if int(tokens[row]) in self.shape.end:
                    continue
                found[place].append(int(tokens[row]))
                if len(found[place]) < min(most[place], room):
                    kept.append(row)
            if len(kept) < len(writing):  # who is done makes the others wait no more
                writing = [writing[row] for row in kept]
                mask, tokens = mask[kept], tokens[kept]
                states, past = ([array[kept] for array in arrays] for arrays in (states, past))
            ids = tokens[:, None].astype(np.int64)

    def _encoded(self, sources: Sequence[Sequence[int]]) -> tuple[IntArray, States]:
        ids = _padded(sources)
        lengths = np.array([len(source) for source in sources])[:, None]
        mask = (np.arange(ids.shape[1]) < lengths).astype(np.int64)
        states: States = [*self._encoder.run(self._sources, {"input_ids": ids, "attention_mask": mask})]
        return mask, states

    def _step(self, ids: IntArray, mask: IntArray, states: States, past: States) -> tuple[FloatArray, States]:
        feeds: dict[str, NDArray[Any]] = {"input_ids": ids, "source_mask": mask}
        feeds |= dict(zip((*self._sources, *self._past), (*states, *past), strict=True))
        logits, *present = self._decoder.run(self._outputs, feeds)
        return logits.astype(np.float32, copy=False), [*present]

    def _empty(self, rows: int) -> States:
        state = np.zeros((rows, self.shape.heads, 0, self.shape.head_size), self._element)
        return [state] * len(self._past)

    def close(self) -> None:
        """Free the model's memory once the calls under way are done."""
        self._encoder.close()
        self._decoder.close()


def _padded(texts: Sequence[Sequence[int]]) -> IntArray:
    """[b, s]; what is behind a text is seen by nothing in it."""
    ids = np.zeros((len(texts), max(len(text) for text in texts)), np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
    return ids
