from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.training import runs
from services.training.data.splitting import Split, with_more
from services.training.fitting.loop import fit
from services.training.jobs.child import ENDED
from services.training.objectives.augmentation import AugmentationObjective
from services.training.tasks.table import TASKS
from shared.contracts.training.jobs import Schedule
from shared.contracts.training.objectives import Augmentation, AugmentationKind
from shared.contracts.training.offered import not_offered
from shared.contracts.training.tasks import TASK_NAMES, TaskName
from shared.contracts.training.tunings import Full
from shared.rows.spans import Entity
from shared.storage.training import models
from shared.tasks.nlu.row import Row
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import ROWS, tiny_base


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def copies(seed: int = 0, rows: tuple[Row, ...] = ROWS, **options: Any) -> list[Any]:
    made = AugmentationObjective(Augmentation(**options), TASKS["nlu"].change_texts, seed).additions(rows)
    assert made is not None
    return list(made.rows)


def test_the_same_seed_makes_the_same_copies() -> None:
    assert copies(3, copies=4) == copies(3, copies=4) != copies(4, copies=4)


@pytest.mark.parametrize("kind", ["synonyms", "typing", "entity_swap"])
def test_copies_differ_from_their_rows_and_keep_what_they_are_labelled(kind: AugmentationKind) -> None:
    kinds = {(row.intent, row.sentiment, row.entities is None) for row in ROWS}
    found = copies(kinds=(kind,), copies=5)
    assert found
    assert not {row.key for row in found} & {row.key for row in ROWS}
    for row in found:
        assert (row.intent, row.sentiment, row.entities is None) in kinds
        for span in row.entities or ():
            assert row.text[span.start : span.end].strip()


def test_swapped_entities_are_found_where_the_spans_say() -> None:
    cities = {row.text[span.start : span.end] for row in ROWS for span in row.entities or ()}
    for row in copies(kinds=("entity_swap",), copies=5):
        assert all(row.text[span.start : span.end] in cities for span in row.entities or ())


def test_what_was_said_before_stays() -> None:
    row = Row("i want to buy it", "buy", (Entity(10, 13, "act"),), context=("do you want to buy it?",))
    assert all(copy.context == row.context for copy in copies(rows=(row,), copies=5))


def test_no_copy_has_the_text_of_a_held_out_row() -> None:
    berlin, oslo = (
        Row("fly to Berlin", "flight", (Entity(7, 13, "city"),)),
        Row("fly to Oslo", "flight", (Entity(7, 11, "city"),)),
    )
    made = copies(rows=(oslo, Row("Berlin", None, (Entity(0, 6, "city"),))), kinds=("entity_swap",))
    assert berlin in made
    parts = Split(train=(oslo,), validation=(), test=(berlin,))
    assert berlin not in with_more(parts, made).train
    assert len(with_more(parts, made).train) == len(made)


@pytest.mark.parametrize("task", sorted(TASK_NAMES))
def test_a_task_takes_it_exactly_if_its_texts_can_be_changed(task: TaskName) -> None:
    refused = not_offered(task, Full(), (Augmentation(),))
    assert (refused is None) == (TASKS[task].change_texts is not None)


@pytest.mark.parametrize(("task", "kind"), [key for key in SAMPLES if TASKS[key[0]].change_texts is not None])
def test_copies_train_and_neither_choose_nor_judge(
    task: TaskName, kind: str, bench: Bench, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []

    def counted(model: Any, train: Any, valid: Any, *rest: Any, **more: Any) -> Any:
        seen.append((len(train), len(valid)))
        return fit(model, train, valid, *rest, **more)

    monkeypatch.setattr(runs, "fit", counted)
    schedule = Schedule(max_length=32, max_steps=2)
    asked = job_kit.spec(base, bench.upload(SAMPLES[task, kind].rows), epochs=1)
    plain = asked.model_copy(update={"task": task, "schedule": schedule, "objectives": ()})
    rows = {}
    for spec in (plain, plain.model_copy(update={"objectives": (Augmentation(),)})):
        job_id, status, _ = attempt_at(bench, spec)
        assert (status, bench.job(job_id).status) == (ENDED, "succeeded"), bench.told(job_id)
        with bench.database.reading() as session:
            metrics = models.get(session, bench.job(job_id).fine_tuned_model or "").metrics
        rows[bool(spec.objectives)] = (metrics["validation"]["rows"], metrics["test"]["rows"])
    (train, valid), (grown, same) = seen
    assert grown == train + metrics["added"]["augmentation"] > train
    assert valid == same
    assert rows[True] == rows[False]
    (told,) = [line for line in bench.told(job_id) if line.startswith("Augmentation changed ")]
    assert f"{grown - train} more rows train the model" in told
