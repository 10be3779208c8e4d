from __future__ import annotations

import re
from itertools import cycle
from pathlib import Path
from threading import Event

import pytest

from services.training.data.loading import read_data
from services.training.data.pseudonymisation import without_personal_numbers
from services.training.data.splitting import Split
from services.training.jobs.lease import JobLease
from shared.privacy.folding import folded
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row
from shared.tasks.seq2seq.record import Row as Pair
from tests.unit.privacy.canaries import every_canary
from tests.unit.training import job_kit


def replaced(text: str, *entities: Entity, seed: int = 1) -> Row:
    row = Row(text=text, intent="contact", entities=entities, sentiment=None)
    parts = without_personal_numbers(Split((row,), (), ()), seed)
    return parts.train[0]


@pytest.mark.parametrize("canary", every_canary())
def test_a_surrogate_has_the_form_of_the_original(canary: str) -> None:
    text = f"call {canary} now"
    row = replaced(text)
    surrogate = row.text[5:-4]
    assert row.text == f"call {surrogate} now"
    assert canary not in row.text
    assert shape(surrogate) == shape(canary)


def shape(text: str) -> str:
    numerals = re.sub(r"[〇零一幺二两三四五六七八九]", "一", folded(text))
    return re.sub(r"\d", "0", re.sub(r"[A-Za-z]", "a", numerals))


def test_entities_stay_where_they_are() -> None:
    text = "mail a.b@example.com about A-10432"
    entities = (Entity(5, 20, "email"), Entity(27, 34, "order_number"))
    row = replaced(text, *entities)
    assert row.entities == entities
    assert re.fullmatch(r"[a-z]\.[a-z]@[a-z]{7}\.com", row.text[5:20])
    assert row.text[20:] == " about A-10432"


def test_the_same_seed_gives_the_same_rows_and_another_one_others() -> None:
    text = "call 13800138000"
    assert replaced(text) == replaced(text) != replaced(text, seed=2)


def test_the_draw_does_not_depend_on_the_original() -> None:
    assert replaced("call 13800138000").text == replaced("call 13911112222").text


def test_texts_of_one_row_name_the_same_number_and_rows_do_not() -> None:
    rows = tuple(Pair(f"where is the mail of 13800138000, {n}", "we called 13800138000") for n in range(2))
    first, second = without_personal_numbers(Split(rows, (), ()), 1).train
    (number,) = re.findall(r"\d{11}", first.input)
    assert number != "13800138000"
    assert number in first.target
    assert number not in second.input
    assert re.findall(r"\d{11}", second.input) == re.findall(r"\d{11}", second.target)


def test_all_sides_are_replaced_and_rows_without_anything_are_the_same() -> None:
    plain, telling = (Row(text=text, intent="i", entities=None, sentiment=None) for text in ("hello", "13800138000"))
    parts = without_personal_numbers(Split((plain, telling), (telling,), (telling, plain)), 0)
    assert (parts.train[0], parts.test[1]) == (plain, plain)
    assert all(telling.text not in row.text for side in (parts.train, parts.validation, parts.test) for row in side)


def test_what_a_job_reads_holds_no_canary(tmp_path: Path) -> None:
    rows = [
        {"text": f"{row['text']} {canary}", "intent": row["intent"], "sentiment": row["sentiment"]}
        for row, canary in zip(job_kit.lines(), cycle(every_canary()), strict=False)
    ]
    with job_kit.bench(tmp_path / "home") as bench:
        spec = job_kit.spec("minilm", bench.upload(rows))
        parts = read_data(spec, 0, JobLease(bench.database, "", "", Event()), bench.store).parts
    read = [row.text for side in (parts.train, parts.validation, parts.test) for row in side]
    assert len(read) == len(rows)
    assert [canary for canary in every_canary() if any(canary in text for text in read)] == []
