"""What is written together is what transformers writes alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shared.contracts.chat.generation import Sampling
from shared.decoding.answer import Part, Request
from shared.decoding.batch import Batch
from shared.decoding.generate import completion, generate
from shared.decoding.graph import DecoderGraph, open_graph
from shared.errors import InvalidInput
from tests.unit.decoding.tiny_decoder import CONTEXT, TinyDecoder

GREEDY = Sampling(temperature=0, max_tokens=20)


def prompts(*lengths: int, seed: int = 0) -> list[list[int]]:
    chance = np.random.default_rng(seed)
    return [[int(token) for token in chance.integers(3, 300, length)] for length in lengths]


def test_greedy_texts_are_those_of_transformers(decoder: TinyDecoder, graph: DecoderGraph) -> None:
    asked = prompts(5, 60, 1, 17, 140, 8, 3, 33, 12)
    found = generate(graph, decoder.tokens, asked, GREEDY)
    assert [list(one.tokens) for one in found] == [decoder.greedy(prompt, 20) for prompt in asked]
    assert {one.finish.reason for one in found} == {"length"}
    assert [one.finish.prompt_tokens for one in found] == [len(prompt) for prompt in asked]


def test_texts_that_join_and_leave_at_any_time_are_those_of_transformers(
    decoder: TinyDecoder, graph: DecoderGraph
) -> None:
    asked = list(
        zip(prompts(5, 30, 9, 50, 2, 70, 11, 4), (30, 3, 14, 1, 25, 9, 2, 18), (0, 0, 2, 3, 3, 7, 11, 16), strict=True)
    )
    batch = Batch(graph, decoder.tokens.pieces, chunk=16)
    waiting, parts, requests = list(asked), list[list[Part]](), list[Request]()
    step = 0
    while waiting or batch.busy:
        while waiting and waiting[0][2] <= step and batch.free:
            prompt, tokens, _ = waiting.pop(0)
            parts.append([])
            requests.append(Request(prompt, Sampling(temperature=0, max_tokens=tokens), parts[-1].append))
            batch.join(requests[-1])
        batch.step()
        step += 1
    found = [completion(*one) for one in zip(parts, (request.future.result() for request in requests), strict=True)]
    assert [list(one.tokens) for one in found] == [decoder.greedy(prompt, tokens) for prompt, tokens, _ in asked]


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_a_prompt_may_be_read_in_pieces(decoder: TinyDecoder, graph: DecoderGraph, chunk: int) -> None:
    (prompt,) = prompts(100)
    batch, parts = Batch(graph, decoder.tokens.pieces, chunk=chunk), list[Part]()
    batch.join(Request(prompt, GREEDY, parts.append))
    while batch.busy:
        batch.step()
    assert [part.token for part in parts] == decoder.greedy(prompt, 20)


def test_a_long_prompt_keeps_nobody_waiting_for_more_than_a_chunk(decoder: TinyDecoder, graph: DecoderGraph) -> None:
    short, long = prompts(3, 200)
    batch, parts, late = Batch(graph, decoder.tokens.pieces, chunk=16), list[Part](), list[Part]()
    batch.join(Request(short, GREEDY, parts.append))
    batch.step()
    batch.join(Request(long, GREEDY, late.append))
    for _ in range(10):
        before = len(parts)
        batch.step()
        assert len(parts) == before + 1
    assert late == []
    other = list[Part]()
    batch.join(Request([9, 8, 7], GREEDY, other.append))
    batch.step()
    batch.step()
    assert other, "a short prompt does not wait until a long one is read"
    assert late == []


def test_what_slots_hold_is_taken_over(decoder: TinyDecoder, graph: DecoderGraph) -> None:
    system, *ends = prompts(80, 4, 9, 2, 6, 1, 7)
    asked = [system + end for end in ends]
    found = generate(graph, decoder.tokens, asked, GREEDY)
    assert [list(one.tokens) for one in found] == [decoder.greedy(prompt, 20) for prompt in asked]
    assert [one.finish.cached_tokens for one in found][1:] != [0] * 5
    (again,) = generate(graph, decoder.tokens, asked[:1], GREEDY)
    assert again.tokens == found[0].tokens


def test_a_prompt_that_was_read_is_not_read_again(decoder: TinyDecoder, graph: DecoderGraph) -> None:
    (prompt,) = prompts(80)
    batch = Batch(graph, decoder.tokens.pieces)
    finished = []
    for _ in range(2):
        request = Request(prompt, GREEDY, list[Part]().append)
        batch.join(request)
        while batch.busy:
            batch.step()
        finished.append(request.future.result().cached_tokens)
    assert finished == [0, 79]


def test_a_graph_without_a_shared_buffer_writes_the_same(decoder: TinyDecoder) -> None:
    shape = decoder.shape.model_copy(update={"shared_buffer": False})
    graph = open_graph(decoder.path, shape, slots=3)
    asked = prompts(5, 40, 1, 17, 40)
    found = generate(graph, decoder.tokens, asked, GREEDY)
    assert [list(one.tokens) for one in found] == [decoder.greedy(prompt, 20) for prompt in asked]
    graph.close()


def test_a_seed_gives_the_same_text_whatever_else_runs(decoder: TinyDecoder) -> None:
    graph = open_graph(decoder.path, decoder.shape, slots=16)
    sampling = Sampling(seed=11, top_p=0.9, top_k=40, frequency_penalty=0.3, max_tokens=40)
    mine, *others = prompts(12, *range(3, 18))
    (alone,) = generate(graph, decoder.tokens, [mine], sampling)
    among = [*(Sampling(max_tokens=10 + 3 * number) for number in range(15)), sampling]
    together = generate(graph, decoder.tokens, [*others, mine], among)
    assert together[-1].text == alone.text
    (other,) = generate(graph, decoder.tokens, [mine], sampling.model_copy(update={"seed": 12}))
    assert other.text != alone.text
    graph.close()


def test_logprobs_are_those_of_the_model(decoder: TinyDecoder, graph: DecoderGraph) -> None:
    (prompt,) = prompts(9)
    sampling = Sampling(temperature=1.7, seed=3, presence_penalty=1, max_tokens=6, top_logprobs=4)
    (found,) = generate(graph, decoder.tokens, [prompt], sampling)
    with torch.no_grad():
        logits = decoder.model(torch.tensor([prompt + list(found.tokens)])).logits[0]
    expected = torch.log_softmax(logits, dim=-1)[len(prompt) - 1 : -1]
    for told, row, token in zip(found.logprobs, expected, found.tokens, strict=True):
        assert told.token == token
        assert told.logprob == pytest.approx(float(row[token]), abs=1e-4)
        values, ids = row.topk(4)
        assert [one for one, _ in told.top] == ids.tolist()
        assert [value for _, value in told.top] == pytest.approx(values.tolist(), abs=1e-4)


def test_a_text_ends_where_the_model_ends_it(decoder: TinyDecoder, graph: DecoderGraph) -> None:
    (prompt,) = prompts(5)
    written = decoder.greedy(prompt, 20)
    end = next(token for place, token in enumerate(written) if place >= 4 and token not in written[:place])
    graph.shape = decoder.shape.model_copy(update={"end": (end,)})
    (found,) = generate(graph, decoder.tokens, [prompt], GREEDY)
    assert list(found.tokens) == written[: written.index(end)]
    assert found.finish.reason == "stop"
    assert found.finish.completion_tokens == written.index(end) + 1


def test_an_answer_has_what_the_context_leaves(decoder: TinyDecoder, graph: DecoderGraph) -> None:
    (prompt,) = prompts(CONTEXT - 3)
    (found,) = generate(graph, decoder.tokens, [prompt], Sampling(temperature=0))
    assert list(found.tokens) == decoder.greedy(prompt, 3)
    assert found.finish.reason == "length"


@pytest.mark.parametrize(
    ("prompt", "told"), [([], "no tokens"), ([5] * CONTEXT, "shorten"), ([3, 99_999], "tokenizer"), ([-1], "tokenizer")]
)
def test_a_prompt_that_cannot_be_answered_is_refused(
    decoder: TinyDecoder, graph: DecoderGraph, prompt: list[int], told: str
) -> None:
    with pytest.raises(InvalidInput, match=told):
        generate(graph, decoder.tokens, [prompt], GREEDY)
