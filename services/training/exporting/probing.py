"""On which examples a graph is traced, and on which it has to agree with its model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.training.fitting.batching import ExampleT


def shortest_and_longest(examples: Sequence[ExampleT]) -> list[ExampleT]:
    """Two examples of unlike length, so that tracing takes neither dimension for a constant 1 nor padding for absent."""
    by_length = sorted(examples, key=len)
    return [by_length[0], by_length[-1]]


def every_shape(examples: Sequence[ExampleT]) -> Iterator[list[ExampleT]]:
    """One text, several of one length, several padded; short and long."""
    by_length = sorted(examples, key=len)
    shortest, longest = by_length[0], by_length[-1]
    yield [shortest]
    yield [longest]
    yield [longest] * 3
    yield [shortest, longest]
    yield by_length[:: max(1, len(by_length) // 16)]
