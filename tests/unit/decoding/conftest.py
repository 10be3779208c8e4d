from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.decoding.graph import DecoderGraph, open_graph
from tests.unit.decoding.tiny_decoder import TinyDecoder, tiny_decoder


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> TinyDecoder:
    return tiny_decoder(tmp_path_factory.mktemp("decoder"))


@pytest.fixture
def graph(decoder: TinyDecoder) -> Iterator[DecoderGraph]:
    """Four slots, since more texts than slots is the usual case."""
    opened = open_graph(decoder.path, decoder.shape, slots=4)
    yield opened
    opened.close()
