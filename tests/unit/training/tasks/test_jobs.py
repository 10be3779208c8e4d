"""A job of each task, from its file to the answers of the model that it made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from services.generation.language_models.decoder import Decoder
from services.generation.language_models.shared_graphs import SharedGraphs
from services.training.jobs.child import ENDED, INTERRUPTED
from services.training.models.scratch import build_base
from services.training.models.text_encoder import TextEncoder
from shared.artifacts.manifest import LORA
from shared.contracts.chat.generation import GenerateText, Sampling
from shared.contracts.releases import ModelPublished
from shared.contracts.training.ensembles import Ensemble
from shared.contracts.training.jobs import SCRATCH, Architecture, JobSpec, Schedule
from shared.contracts.training.objectives import Matryoshka
from shared.contracts.training.tasks import TASK_NAMES, WRITERS, TaskName
from shared.contracts.training.tunings import Lora
from shared.decoding.parts import DecoderLimits
from shared.errors import InvalidInput
from shared.storage.chat import inputs
from shared.storage.training import jobs, models
from shared.tasks.readers import open_predictor
from shared.tasks.records import RECORDS, can_train, kind_by_fields
from tests.unit.decoding.emitted import Emitted
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_again, attempt_at, bundle_of
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import tiny_base, tiny_encoder_decoder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def spec(base: str, training_file: str, task: TaskName, epochs: int) -> JobSpec:
    asked = job_kit.spec(base, training_file, epochs=epochs).model_copy(update={"task": task})
    return asked.model_copy(update=_WRITING) if task in WRITERS and base != SCRATCH else asked


#: A decoder's tokens are pieces of words, and it begins with nothing.
_WRITING = {
    "model": SCRATCH,
    "architecture": Architecture(layers=2, width=64, heads=2, vocabulary=320),
    "schedule": Schedule(max_length=64),
}


def test_every_task_is_tried() -> None:
    assert {task for task, _ in SAMPLES} == TASK_NAMES


class SetLater(Event):
    """Is set once it was asked so often."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0 or super().is_set()


def test_a_job_of_a_model_that_writes_goes_on_where_it_was_stopped(bench: Bench, base: str) -> None:
    sample = SAMPLES["text_generation", ""]
    asked = spec(base, bench.upload(sample.rows), "text_generation", epochs=2)
    whole, status, _ = attempt_at(bench, asked)
    assert status == ENDED, bench.told(whole)

    job_id, status, _ = attempt_at(bench, asked, SetLater(8))
    assert status == INTERRUPTED, bench.told(job_id)
    (step, *_) = bench.checkpoints(job_id)
    with bench.database.transaction() as session:
        assert jobs.hand_back(session, job_id, bench.job(job_id).lease_token or "", time.time())
    attempt_again(bench, job_id)

    told = bench.told(job_id)
    assert bench.job(job_id).status == "succeeded", told
    assert f"Goes on from the checkpoint of step {step}." in told
    with bench.database.reading() as session:
        scores = [models.get(session, bench.job(one).fine_tuned_model or "").metrics["test"] for one in (whole, job_id)]
    assert scores[0] == scores[1], "it is the model of a job that nobody stopped"


def test_models_tuned_apart_from_one_base_share_its_graph(bench: Bench, base: str, tmp_path: Path) -> None:
    sample = SAMPLES["text_generation", ""]
    begun, _, _ = attempt_at(bench, spec(base, bench.upload(sample.rows), "text_generation", epochs=1))
    origin = bench.job(begun).fine_tuned_model or ""
    bundles = []
    for seed in (1, 2):
        asked = spec(base, bench.upload(sample.rows), "text_generation", epochs=1).model_copy(
            update={"model": origin, "architecture": None, "tuning": Lora(rank=2, apart=True), "seed": seed}
        )
        job_id, _, _ = attempt_at(bench, asked)
        assert bench.job(job_id).status == "succeeded", bench.told(job_id)[-1]
        bundles.append(bundle_of(bench, bench.job(job_id).fine_tuned_model or "", tmp_path / str(seed)))
    one, two = (bundle.manifest for bundle in bundles)
    assert one.files[one.served_file] == two.files[two.served_file]
    assert one.files[LORA] != two.files[LORA]

    graphs = SharedGraphs()
    limits = DecoderLimits(slots=2)
    decoders = [Decoder.from_bundle(bundle, limits, graphs) for bundle in bundles]
    request = GenerateText(model="", prompt="where is", sampling=Sampling(temperature=0, max_tokens=4))
    said = []
    for decoder in decoders:
        decoder.generate(request, told := Emitted())
        said.append(
            (told.words(), told.end().completion_tokens)
        )  # such a model may have no more to say than that it ends
        assert 1 <= said[-1][1] <= 4
    decoders[0].close()  # the first to come is not the one that all hangs on
    decoders[1].generate(request, told := Emitted())
    assert (told.words(), told.end().completion_tokens) == said[1]
    decoders[1].close()


@pytest.mark.parametrize(("task", "kind"), [key for key in SAMPLES if key[0] != "nlu"])
def test_a_job_ends_in_a_model_that_answers(task: TaskName, kind: str, bench: Bench, base: str, tmp_path: Path) -> None:
    sample = SAMPLES[task, kind]
    training_file = bench.upload(sample.rows)

    job_id, status, told = attempt_at(bench, spec(base, training_file, task, sample.epochs))

    job = bench.job(job_id)
    assert (status, job.status) == (ENDED, "succeeded"), bench.told(job_id)
    model = job.fine_tuned_model or ""
    assert ModelPublished(slot=task, model_id=model) in told
    with bench.database.reading() as session:
        row = models.get(session, model)
        assert models.production(session, task) == model
    scores = {part: row.metrics[part]["scores"][sample.score] for part in ("before", "test")}
    assert scores["test"] > sample.least
    if sample.beats_counting:
        assert scores["test"] >= scores["before"] or scores["before"] > 0.9, "words alone tell these rows apart"
    bundle = bundle_of(bench, model, tmp_path)
    assert bundle.manifest.parity.max_abs_difference < 1e-3
    with closing(open_predictor(bundle)) as predictor:
        (prediction,) = predictor.predict([RECORDS[task].parse_input(sample.asked)])
    assert set(prediction.answer) == sample.fields
    assert sample.is_right(prediction.answer), prediction.answer
    assert prediction.tokens > 2
    with bench.database.reading() as session:
        judged = inputs.reference(session, model)
    tells_confidence = "confidence" in sample.fields
    assert (judged is not None) == tells_confidence
    assert judged is None or sum(judged.confidences) == judged.texts > 0


@pytest.mark.parametrize(("task", "kind"), SAMPLES)
def test_rows_tell_what_they_are_for(task: TaskName, kind: str) -> None:
    held = {kind_by_fields([row.keys()]).task for row in SAMPLES[task, kind].rows}
    assert len(held) == 1
    assert can_train(task, *held)


def test_embeddings_that_were_trained_to_be_cut_are_cut(bench: Bench, base: str, tmp_path: Path) -> None:
    sample = SAMPLES["embedding", ""]
    asked = spec(base, bench.upload(sample.rows), "embedding", 2)
    asked = asked.model_copy(update={"objectives": (Matryoshka(sizes=(16, 8)),)})
    job_id, _, _ = attempt_at(bench, asked)
    bundle = bundle_of(bench, bench.job(job_id).fine_tuned_model or "", tmp_path)
    assert bundle.manifest.embedding_sizes == (32, 16, 8)
    with closing(open_predictor(bundle)) as predictor:
        parse = RECORDS["embedding"].parse_input
        whole, cut = predictor.predict([parse({"text": "a word"}), parse({"text": "a word", "dimensions": 8})])
        assert len(whole.answer["embedding"]) == 32
        assert len(cut.answer["embedding"]) == 8
        assert sum(number**2 for number in cut.answer["embedding"]) == pytest.approx(1, abs=1e-3)
        with pytest.raises(InvalidInput, match="matryoshka"):
            predictor.predict([parse({"text": "a word", "dimensions": 9})])


def test_a_model_from_scratch_learns_a_language_and_goes_on_with_a_task(
    bench: Bench, base: str, tmp_path: Path
) -> None:
    texts, labelled = SAMPLES["masked_lm", ""], SAMPLES["text_classification", "one label"]
    asked = spec(SCRATCH, bench.upload(texts.rows), "masked_lm", 2)
    asked = asked.model_copy(update={"architecture": Architecture(layers=1, width=32, heads=2, vocabulary=300)})
    first, _, _ = attempt_at(bench, asked)
    parent = bench.job(first).fine_tuned_model or ""
    assert bench.job(first).status == "succeeded", bench.told(first)
    with closing(open_predictor(bundle_of(bench, parent, tmp_path))) as predictor:
        (told,) = predictor.predict([RECORDS["masked_lm"].parse_input({"text": "where is [MASK] parcel"})])
    assert len(told.answer["tokens"]) == 5

    second, _, _ = attempt_at(bench, spec(parent, bench.upload(labelled.rows), "text_classification", 2))

    assert bench.job(second).status == "succeeded", bench.told(second)
    assert bench.job(second).fine_tuned_model == f"ft:scratch:parley::{second.removeprefix('ftjob-')}"


def test_a_text_from_another_begins_in_a_folder_and_goes_on_with_a_model_of_ours(
    bench: Bench, base: str, tmp_path: Path
) -> None:
    folder = tiny_encoder_decoder(Path(base).parent / "bart")
    training_file = bench.upload(SAMPLES["seq2seq", ""].rows)
    asked = job_kit.spec(str(folder), training_file, epochs=1).model_copy(
        update={"task": "seq2seq", "tuning": Lora(), "ensemble": Ensemble(members=2)}
    )
    first, _, _ = attempt_at(bench, asked)
    parent = bench.job(first).fine_tuned_model or ""
    assert bench.job(first).status == "succeeded", bench.told(first)
    with bench.database.reading() as session:
        assert len(models.get(session, parent).metrics["ensemble"]["members"]) == 2
    bundle = bundle_of(bench, parent, tmp_path)
    assert {"encoder.onnx", "model.onnx"} <= bundle.manifest.files.keys()
    served = bundle.manifest.served_file.replace("model", "encoder")
    assert {name for name in bundle.manifest.files if name.startswith("encoder")} == {"encoder.onnx", served}

    second, _, _ = attempt_at(
        bench, job_kit.spec(parent, training_file, epochs=1).model_copy(update={"task": "seq2seq"})
    )

    assert bench.job(second).status == "succeeded", bench.told(second)


def test_a_job_trains_in_two_processes(bench: Bench, base: str) -> None:
    sample = SAMPLES["text_classification", "one label"]
    asked = spec(base, bench.upload(sample.rows), "text_classification", sample.epochs)
    asked = asked.model_copy(update={"schedule": Schedule(max_length=32, devices=2)})

    job_id, status, _ = attempt_at(bench, asked)

    told = bench.told(job_id)
    assert (status, bench.job(job_id).status) == (ENDED, "succeeded"), told
    assert told.count("2 processes train side by side, each a share of every batch.") == 1, "one of them tells"
    assert sum(line.startswith("Trained ") for line in told) == 1
    with bench.database.reading() as session:
        scores = models.get(session, bench.job(job_id).fine_tuned_model or "").metrics["test"]["scores"]
    assert scores["accuracy"] > sample.least
    assert not [*bench.settings.home.rglob("process-1/checkpoints/*")], "nothing is left of the other"


def test_a_base_from_scratch_is_the_same_every_time(tmp_path: Path) -> None:
    texts = [str(row["text"]) for row in SAMPLES["masked_lm", ""].rows] + ["你好，世界", "世界很大"]
    size = Architecture(layers=1, width=32, heads=2, vocabulary=250)
    for name in ("one", "other"):
        build_base(size, texts, tmp_path / name, max_length=64, seed=3)
    for file in ("tokenizer.json", "model.safetensors", "config.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()
    tokens = TextEncoder.load(tmp_path / "one", 64).tokenizer.encode("世界").tokens
    assert tokens == ["[CLS]", "世", "界", "[SEP]"]


def test_a_model_of_one_task_goes_on_as_one_of_another_under_a_name_of_its_own(bench: Bench, base: str) -> None:
    one, other = SAMPLES["text_classification", "one label"], SAMPLES["nlu", ""]
    first, _, _ = attempt_at(bench, spec(base, bench.upload(one.rows), "text_classification", 2))
    parent = bench.job(first).fine_tuned_model or ""
    asked = spec(parent, bench.upload(other.rows), "nlu", 2).model_copy(update={"deployment": "second"})

    second, _, told = attempt_at(bench, asked)

    assert bench.job(second).status == "succeeded", bench.told(second)
    assert ModelPublished(slot="second", model_id=bench.job(second).fine_tuned_model or "") in told
    with bench.database.reading() as session:
        assert models.deployments(session).keys() == {"text_classification", "second"}
