"""``python -m tests.load.generation``: tokens a second of our scheduler beside transformers and onnxruntime-genai, in one run.

All have the same Llama of 8 layers x 256 (random weights, fp32), the same prompts of 1 to 60 tokens and the same 40, 80 or 120
tokens to write, greedy, on the same threads; only tokens that were asked for count. Each figure is the best of several rounds that
take turns. The generator of genai is told at the best of its batch sizes up to the number of streams.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import torch
from transformers import LlamaConfig

from shared.decoding.graph import open_graph
from shared.decoding.scheduler import Scheduler
from tests.load.generation_peers import batched, by_genai, by_transformers
from tests.load.generation_work import Ask, Pace, asks, scheduled
from tests.unit.decoding.tiny_decoder import TinyDecoder, random_decoder

_SHAPE = LlamaConfig(
    vocab_size=6000,
    hidden_size=256,
    intermediate_size=688,
    num_hidden_layers=8,
    num_attention_heads=8,
    num_key_value_heads=4,
    max_position_embeddings=512,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
)
#: Requests of a round, by streams.
_WORK = {1: 6, 4: 12, 16: 48, 64: 96}
_HEAD = (
    "| streams | ours tok/s | transformers | ratio | genai (batch) | ratio | first token ms p50/p99 | between p50/p99 "
    "| MB a stream |\n|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Measure; a row for each number of streams."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("streams", nargs="*", type=int, default=list(_WORK))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        decoder = random_decoder(Path(folder), _SHAPE)
        print(_HEAD, flush=True)
        for streams in options.streams:
            print(measured(decoder, streams, options.rounds, options.threads), flush=True)


def measured(decoder: TinyDecoder, streams: int, rounds: int, threads: int) -> str:
    """The row of the table for a number of streams."""
    work = asks(_WORK.get(streams, 3 * streams), decoder.shape.vocabulary)
    tokens = sum(ask.tokens for ask in work)
    torch_way, genai_way = by_transformers(decoder.model), by_genai(decoder.path.parent)
    sizes = [size for size in (1, 4, 16, 32) if size <= streams]  # genai takes 32 at most
    ours, theirs, genai = list[Pace](), list[float](), dict[int, float]()
    memory = []
    for _ in range(rounds):
        pace, taken = _ours(decoder, work, streams, threads)
        ours.append(pace)
        memory.append(taken)
        theirs.append(batched(work, streams, torch_way))
        for size in sizes:
            genai[size] = min(genai.get(size, np.inf), batched(work, size, genai_way))
    best = min(ours, key=lambda pace: pace.seconds)
    size = min(genai, key=genai.__getitem__)
    cells = (
        f"{streams} | {tokens / best.seconds:.0f} | {tokens / min(theirs):.0f} | {min(theirs) / best.seconds:.2f}",
        f"{tokens / genai[size]:.0f} ({size}) | {genai[size] / best.seconds:.2f}",
        f"{_milliseconds(best.first)} | {_milliseconds(best.between)} | {max(memory) / streams / 2**20:.1f}",
    )
    return "| " + " | ".join(cells) + " |"


def _ours(decoder: TinyDecoder, work: Sequence[Ask], streams: int, threads: int) -> tuple[Pace, int]:
    """One round, and the bytes that the process grew by while it ran, the graph opened before."""
    graph = open_graph(decoder.path, decoder.shape, slots=streams, threads=threads)
    with Scheduler(graph, decoder.tokens) as scheduler:
        before = psutil.Process().memory_info().rss
        pace = scheduled(scheduler, work, streams)
        return pace, psutil.Process().memory_info().rss - before


def _milliseconds(values: Sequence[float]) -> str:
    middle, high = np.percentile(values, (50, 99)) * 1000
    return f"{middle:.1f}/{high:.1f}"


if __name__ == "__main__":
    main()
