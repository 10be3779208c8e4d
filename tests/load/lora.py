"""``python -m tests.load.lora``: several models of one base on its one graph, beside a graph for each, in one run.

A Llama of 6 layers x 768 (random weights, fp32) goes on with the same 32 prompts (see ``tests.load.generation``), 16 at once, on the same threads. *Merged*: the graph of
one model, its update folded in. *Apart*: the graph that takes updates, with those of one model, or of eight (rank 8), the requests
going round. *A graph for each*: eight merged graphs, each with two answers at once. Rounds take turns, and the best counts.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
import onnx
import psutil
from transformers import LlamaConfig

from services.training.exporting.lora_graph import take_updates
from shared.artifacts.manifest import FP32_MODEL, LORA
from shared.decoding.graph import open_graph
from shared.decoding.lora import DOWN, UP, Factors, Lora, write_lora
from shared.decoding.scheduler import Scheduler
from tests.load.generation_work import Ask, asks, scheduled
from tests.unit.decoding.tiny_decoder import TinyDecoder, random_decoder

_MODELS, _STREAMS, _RANK = 8, 16, 8
#: Wide enough for ranks to be small beside it.
_SHAPE = LlamaConfig(
    vocab_size=6000,
    hidden_size=768,
    intermediate_size=2048,
    num_hidden_layers=6,
    num_attention_heads=12,
    num_key_value_heads=4,
    max_position_embeddings=512,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
)


def main() -> None:
    """Measure; a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        merged = random_decoder(Path(folder), _SHAPE)
        apart = _apart(merged, Path(folder) / "apart")
        work = asks(32, merged.shape.vocabulary)
        ways: dict[str, Callable[[], float]] = {
            "merged, one model": lambda: _alone(merged, merged.path, work, 1, options.threads),
            "apart, one model": lambda: _alone(merged, apart, work, 1, options.threads),
            "apart, eight models": lambda: _alone(merged, apart, work, _MODELS, options.threads),
            "a graph for each of eight": lambda: _each(merged, work, options.threads),
        }
        best = dict.fromkeys(ways, float("inf"))
        grown = dict.fromkeys(ways, 0.0)
        for _ in range(options.rounds):
            for name, way in ways.items():
                before = psutil.Process().memory_info().rss
                best[name] = min(best[name], way())
                grown[name] = max(grown[name], _PEAK[0] - before)
        tokens = sum(ask.tokens for ask in work)
        print("| way | tokens/s | of merged | MB |\n|---|---|---|---|")
        for name, seconds in best.items():
            share = best["merged, one model"] / seconds
            print(f"| {name} | {tokens / seconds:.0f} | {share:.2f} | {grown[name] / 2**20:.0f} |")


#: Bytes that the process had while the last round's graphs were open.
_PEAK = [0.0]


def _apart(merged: TinyDecoder, folder: Path) -> Path:
    """The graph that takes updates, with some beside it."""
    shutil.copytree(merged.path.parent, folder)
    path = folder / FP32_MODEL
    take_updates(path)
    write_lora(folder / LORA, _made_up(path, 0))
    return path


def _made_up(path: Path, seed: int) -> Lora:
    chance = np.random.default_rng(seed)
    sizes = {tensor.name: tensor.type.tensor_type.shape.dim for tensor in onnx.load(path).graph.input}
    names = [name.removesuffix(DOWN) for name in sizes if name.endswith(DOWN)]

    def drawn(*shape: int) -> np.ndarray:
        return chance.normal(0, 0.01, shape).astype(np.float32)

    return {
        name: Factors(drawn(sizes[name + DOWN][0].dim_value, _RANK), drawn(_RANK, sizes[name + UP][1].dim_value))
        for name in names
    }


@contextmanager
def _opened(decoder: TinyDecoder, path: Path, slots: int, threads: int) -> Iterator[Scheduler]:
    graph = open_graph(path, decoder.shape, slots=slots, threads=threads)
    with Scheduler(graph, decoder.tokens) as scheduler:
        yield scheduler


def _alone(decoder: TinyDecoder, path: Path, work: Sequence[Ask], models: int, threads: int) -> float:
    with _opened(decoder, path, _STREAMS, threads) as scheduler:
        loras = [0, *(scheduler.put_lora(_made_up(path, seed)) for seed in range(1, models))]
        seconds = scheduled(scheduler, work, _STREAMS, loras).seconds
        _PEAK[0] = psutil.Process().memory_info().rss
        return seconds


def _each(decoder: TinyDecoder, work: Sequence[Ask], threads: int) -> float:
    """The slowest of eight that write side by side."""
    found: list[float] = []
    with ExitStack() as stack:
        schedulers = [
            stack.enter_context(_opened(decoder, decoder.path, _STREAMS // _MODELS, threads)) for _ in range(_MODELS)
        ]

        def run(scheduler: Scheduler, part: Sequence[Ask]) -> None:
            found.append(scheduled(scheduler, part, _STREAMS // _MODELS).seconds)

        runs = [
            Thread(target=run, args=(scheduler, work[place::_MODELS])) for place, scheduler in enumerate(schedulers)
        ]
        for thread in runs:
            thread.start()
        for thread in runs:
            thread.join()
        _PEAK[0] = psutil.Process().memory_info().rss
    return max(found)


if __name__ == "__main__":
    main()
