from __future__ import annotations

import json
from typing import Any

import pytest

from shared.contracts.chat.generation import Sampling
from shared.decoding.generate import generate
from shared.decoding.grammar import MAX_SCHEMA, Grammars
from shared.decoding.graph import DecoderGraph
from shared.errors import InvalidInput
from tests.unit.decoding.tiny_decoder import TinyDecoder

TICKET: dict[str, Any] = {
    "type": "object",
    "properties": {
        "mood": {"enum": ["good", "bad"]},
        "count": {"type": "integer", "minimum": 0, "maximum": 99},
        "名": {"type": "string", "maxLength": 5},
    },
    "required": ["mood", "count", "名"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def grammars(decoder: TinyDecoder) -> Grammars:
    return Grammars(decoder.tokens, decoder.shape.vocabulary, end=(2,))


def test_an_answer_is_what_the_schema_says(decoder: TinyDecoder, graph: DecoderGraph, grammars: Grammars) -> None:
    samplings = [Sampling(json_schema=TICKET, seed=seed, max_tokens=100) for seed in range(6)]
    samplings.append(Sampling(json_schema=TICKET, temperature=0, max_tokens=100))
    for found in generate(graph, decoder.tokens, [[5, 6, 7]] * 7, samplings, constraints=grammars):
        value = json.loads(found.text)
        assert found.finish.reason == "stop"
        assert value.keys() == {"mood", "count", "名"}
        assert value["mood"] in ("good", "bad")
        assert 0 <= value["count"] <= 99
        assert len(value["名"]) <= 5


def test_an_empty_schema_is_any_object(decoder: TinyDecoder, graph: DecoderGraph, grammars: Grammars) -> None:
    sampling = Sampling(json_schema={}, seed=1, max_tokens=30)
    (found,) = generate(graph, decoder.tokens, [[5]], sampling, constraints=grammars)
    assert found.text.startswith("{")


def test_others_write_freely_beside_it(decoder: TinyDecoder, graph: DecoderGraph, grammars: Grammars) -> None:
    free = Sampling(temperature=0, max_tokens=20)
    samplings = [Sampling(json_schema=TICKET, seed=1, max_tokens=60), free]
    _, found = generate(graph, decoder.tokens, [[5, 6, 7], [9, 8, 7]], samplings, constraints=grammars)
    assert list(found.tokens) == decoder.greedy([9, 8, 7], 20)


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "strin"}, "strin"),
        ({"$ref": "http://example.com/schema"}, "fetch"),
        ({"type": "string", "pattern": "(?=a)b"}, "look"),
        ({"enum": ["x" * MAX_SCHEMA]}, "smaller"),
        (nested(100), "smaller"),
    ],
)
def test_a_schema_that_cannot_be_followed_is_refused_by_name(
    grammars: Grammars, schema: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidInput, match=told) as refused:
        grammars(schema)
    assert refused.value.param == "json_schema"


def test_without_grammars_a_schema_is_refused(decoder: TinyDecoder, graph: DecoderGraph) -> None:
    with pytest.raises(InvalidInput, match="json_schema"):
        generate(graph, decoder.tokens, [[5]], Sampling(json_schema={}))
