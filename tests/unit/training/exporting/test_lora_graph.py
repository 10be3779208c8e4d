"""Models tuned from one base that keep their updates apart: one graph, and in each row of a batch the updates of its own model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from services.training.exporting.decoder_export import export_decoder
from services.training.exporting.quantization import WRITING_SCHEMES, quantise
from services.training.models.decoder_model import DecoderModel
from services.training.tunings.table import tuning_of
from shared.artifacts.manifest import FP32_MODEL, LORA, DecoderShape, FileEntry
from shared.contracts.chat.generation import Sampling
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.offered import job_not_offered
from shared.contracts.training.tunings import Lora
from shared.decoding.answer import Part
from shared.decoding.graph import open_graph
from shared.decoding.lora import Factors, read_lora, write_lora
from shared.decoding.scheduler import Scheduler
from shared.errors import BrokenArtifact, TrainingFailed, Unavailable
from tests.unit.decoding.tiny_decoder import TinyDecoder, tiny_decoder

GREEDY = Sampling(temperature=0, max_tokens=12)
PROMPTS = ([3, 40, 7, 21], [9, 8, 30], [3, 40, 7, 22, 5])
SECONDS = 60


@dataclass(frozen=True)
class Tuned:
    """A model with its bundle's files."""

    folder: Path
    shape: DecoderShape
    merged: TinyDecoder

    @property
    def graph(self) -> Path:
        return self.folder / FP32_MODEL

    def alone(self, prompt: list[int]) -> list[int]:
        return self.merged.greedy(prompt, 12)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> TinyDecoder:
    return tiny_decoder(tmp_path_factory.mktemp("base"))


def tuned(base: TinyDecoder, folder: Path, seed: int, rank: int) -> Tuned:
    """As a job leaves it: wrapped, trained (here: made up), merged, exported."""
    model = DecoderModel.load(base.path.parent.parent / "source", None, 0.0)
    torch.manual_seed(seed)
    tuning = tuning_of(Lora(rank=rank, apart=True))
    tuning.apply(model, torch.arange(8), 1)
    for name, weight in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    tuning.merge(model)
    folder.mkdir()
    shape, _ = export_decoder(model, folder, PROMPTS)
    merged = TinyDecoder(folder / FP32_MODEL, shape, model.encoder, base.tokens)
    return Tuned(folder, shape.model_copy(update={"end": ()}), merged)


@pytest.fixture(scope="module")
def pair(base: TinyDecoder, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tuned, Tuned]:
    room = tmp_path_factory.mktemp("tuned")
    return tuned(base, room / "one", 1, rank=4), tuned(base, room / "two", 2, rank=6)


@pytest.fixture
def scheduler(pair: tuple[Tuned, Tuned]) -> Iterator[Scheduler]:
    one, _ = pair
    with Scheduler(open_graph(one.graph, one.shape, slots=4), one.merged.tokens) as running:
        yield running


def written(scheduler: Scheduler, prompt: list[int], lora: int) -> list[int]:
    parts: list[Part] = []
    scheduler.submit(prompt, GREEDY, parts.append, lora=lora).result(SECONDS)
    return [part.token for part in parts if part.token is not None]


def test_their_graphs_are_the_same_file_and_write_what_the_merged_models_write(pair: tuple[Tuned, Tuned]) -> None:
    one, two = pair
    assert FileEntry.of(one.graph) == FileEntry.of(two.graph)
    assert FileEntry.of(one.folder / LORA) != FileEntry.of(two.folder / LORA)
    assert one.alone(PROMPTS[0]) != two.alone(PROMPTS[0])


def test_rows_of_one_batch_have_the_updates_of_their_own_models(
    pair: tuple[Tuned, Tuned], scheduler: Scheduler
) -> None:
    one, two = pair
    assert scheduler.put_lora(read_lora(two.folder / LORA)) == 1
    parts: dict[tuple[int, int], list[Part]] = {}
    futures = []
    for place, prompt in enumerate(PROMPTS):  # six texts, four slots: they join and leave in between
        for lora in (0, 1):
            told = parts[place, lora] = []
            futures.append(scheduler.submit(prompt, GREEDY, told.append, lora=lora))
    for future in futures:
        assert future.result(SECONDS).reason == "length"
    for (place, lora), told in parts.items():
        assert [part.token for part in told] == (one, two)[lora].alone(PROMPTS[place])


def test_models_do_not_take_over_what_another_has_read(pair: tuple[Tuned, Tuned], scheduler: Scheduler) -> None:
    scheduler.put_lora(read_lora(pair[1].folder / LORA))
    cached = [
        scheduler.submit(PROMPTS[0], GREEDY, lambda _: None, lora=lora).result(SECONDS).cached_tokens
        for lora in (0, 1, 1)
    ]
    assert cached == [0, 0, 3]


def test_a_number_that_is_given_again_brings_nothing_of_the_model_before(
    base: TinyDecoder, pair: tuple[Tuned, Tuned], scheduler: Scheduler, tmp_path: Path
) -> None:
    number = scheduler.put_lora(read_lora(pair[1].folder / LORA))
    written(scheduler, PROMPTS[0], number)
    scheduler.drop_lora(number)
    third = tuned(base, tmp_path / "three", 3, rank=2)
    assert scheduler.put_lora(read_lora(third.folder / LORA)) == number
    assert written(scheduler, PROMPTS[0], number) == third.alone(PROMPTS[0])
    assert written(scheduler, PROMPTS[0], 0) == pair[0].alone(PROMPTS[0])


def test_who_still_waits_for_a_model_that_leaves_is_told(pair: tuple[Tuned, Tuned], scheduler: Scheduler) -> None:
    number = scheduler.put_lora(read_lora(pair[1].folder / LORA))
    long = Sampling(temperature=0, max_tokens=900)
    gone = scheduler.submit(PROMPTS[0], long, lambda _: None, lora=number)
    stays = scheduler.submit(PROMPTS[0], GREEDY, lambda _: None)
    scheduler.drop_lora(number)
    with pytest.raises(Unavailable, match="closed"):
        gone.result(SECONDS)
    assert stays.result(SECONDS).reason == "length"


def test_the_graph_may_be_quantised(pair: tuple[Tuned, Tuned]) -> None:
    one, two = pair
    for scheme in WRITING_SCHEMES:
        small = one.folder / scheme.file
        quantise(one.graph, small, scheme, [])
        graph = open_graph(small, one.shape, slots=2)
        number = graph.put_lora(read_lora(two.folder / LORA))
        own = graph.prefill(0, PROMPTS[0], 0)
        graph.assign(1, number)
        other = graph.prefill(1, PROMPTS[0], 0)
        graph.close()
        assert np.isfinite(own).all()
        assert np.isfinite(other).all()
        assert np.abs(own - other).max() > 0.1


def test_updates_of_another_base_are_refused(pair: tuple[Tuned, Tuned], scheduler: Scheduler, tmp_path: Path) -> None:
    write_lora(
        tmp_path / LORA, {"layers.0.attn.qkv_proj": Factors(np.zeros((8, 2), np.float32), np.zeros((2, 8), np.float32))}
    )
    with pytest.raises(BrokenArtifact, match="does not fit"):
        scheduler.put_lora(read_lora(tmp_path / LORA))
    (tmp_path / LORA).write_bytes(b"no archive")
    with pytest.raises(BrokenArtifact, match="publish"):
        read_lora(tmp_path / LORA)
    assert written(scheduler, PROMPTS[1], 0) == pair[0].alone(PROMPTS[1])


def test_what_cannot_keep_them_apart_says_what_to_leave_out(tmp_path: Path, base: TinyDecoder) -> None:
    rows = {"training_file": "file-1", "model": "minilm", "tuning": {"type": "lora", "apart": True}}
    for extra, why in (
        ({"task": "nlu"}, "share no graph"),
        ({"task": "text_generation", "model": "tiny"}, "no base to share"),
        ({"task": "text_generation", "export": {"gpu_precision": "fp16"}}, "half precision"),
    ):
        refused = job_not_offered(JobSpec.model_validate(rows | extra))
        assert refused is not None
        assert refused[0] == "tuning.apart"
        assert why in refused[1]
    assert job_not_offered(JobSpec.model_validate(rows | {"task": "text_generation"})) is None
    model = DecoderModel.load(base.path.parent.parent / "source", None, 0.0)
    model.updates = {"model.layers.0.elsewhere": Factors(np.zeros((8, 2), np.float32), np.zeros((2, 8), np.float32))}
    (folder := tmp_path / "bundle").mkdir()
    with pytest.raises(TrainingFailed, match=r"leave tuning\.apart out"):
        export_decoder(model, folder, PROMPTS)
