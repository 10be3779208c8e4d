"""Evals and graders, through the official client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.unit.gateway.platform import Platform, running_platform
from tests.unit.gateway.writer import Writer, writing
from tests.waiting import wait_for

ITEM_SCHEMA: dict[str, object] = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
CONFIG: Any = {"type": "custom", "item_schema": ITEM_SCHEMA, "include_sample_schema": True}
EQUAL: Any = {
    "type": "string_check",
    "name": "equal",
    "input": "{{sample.output_text}}",
    "reference": "{{ item.want }}",
    "operation": "eq",
}
ASKED: Any = {"type": "template", "template": [{"role": "user", "content": "{{item.q}}"}]}


@pytest.fixture(scope="module")
def eval_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("evals")) as platform:
        yield platform


@pytest.fixture(scope="module")
def model(eval_platform: Platform) -> str:
    return eval_platform.add_model(task="text_generation")


@pytest.fixture
def writer(eval_platform: Platform) -> Iterator[Writer]:
    with writing(eval_platform.bus) as writer:
        yield writer


@pytest.fixture
def client(eval_platform: Platform) -> Iterator[OpenAI]:
    with eval_platform.client() as client:
        yield client


@pytest.fixture
def http(eval_platform: Platform) -> Iterator[httpx.Client]:
    with eval_platform.http() as http:
        yield http


def over(client: OpenAI, eval_id: str, run_id: str) -> Any:
    def status() -> str:
        return client.evals.runs.retrieve(run_id, eval_id=eval_id).status

    wait_for(lambda: status() not in ("queued", "in_progress"), 30, status)
    return client.evals.runs.retrieve(run_id, eval_id=eval_id)


def content(*rows: dict[str, Any]) -> Any:
    return {"type": "file_content", "content": list(rows)}


def test_a_model_is_asked_about_every_row_and_graded(client: OpenAI, writer: Writer, model: str) -> None:
    made = client.evals.create(name="echo", data_source_config=CONFIG, testing_criteria=[EQUAL], metadata={"a": "b"})
    assert (made.object, made.name, made.metadata) == ("eval", "echo", {"a": "b"})
    rows = [{"item": {"q": f"say {n}", "want": "say 1"}} for n in range(40)] + [{"item": {"q": "no want"}}]
    source: Any = {"type": "completions", "model": model, "input_messages": ASKED, "source": content(*rows)}
    run = client.evals.runs.create(made.id, name="first", data_source=source)
    assert run.status == "queued"
    done = over(client, made.id, run.id)
    counts = done.result_counts
    assert (done.status, counts.total, counts.passed, counts.failed, counts.errored) == ("completed", 41, 1, 39, 1)
    assert [(one.testing_criteria, one.passed, one.failed) for one in done.per_testing_criteria_results] == [
        ("equal", 1, 40)
    ]
    (usage,) = done.per_model_usage
    assert (usage.run_model_name, usage.invocation_count, usage.prompt_tokens) == (model, 41, 41 * 7)
    items = list(client.evals.runs.output_items.list(run.id, eval_id=made.id, limit=15))
    assert [item.datasource_item_id for item in items] == list(range(41))
    assert items[1].status == "pass"
    assert items[1].sample.output[0].content == "say 1"
    assert "item.want" in items[40].results[0].model_dump()["error"]
    failed = client.evals.runs.output_items.list(run.id, eval_id=made.id, status="fail", order="desc", limit=1)
    assert failed.data[0].datasource_item_id == 39
    again = client.evals.runs.output_items.retrieve(items[3].id, eval_id=made.id, run_id=run.id)
    assert again.model_dump() == items[3].model_dump()
    with pytest.raises(BadRequestError, match="completed"):
        client.evals.runs.cancel(run.id, eval_id=made.id)
    client.evals.runs.delete(run.id, eval_id=made.id)
    assert not client.evals.runs.list(made.id).data
    assert client.evals.update(made.id, name="other").name == "other"
    assert made.id in [one.id for one in client.evals.list(limit=100)]
    client.evals.delete(made.id)
    with pytest.raises(NotFoundError):
        client.evals.retrieve(made.id)


def test_answers_that_are_there_are_graded_and_runs_compared(client: OpenAI, http: httpx.Client) -> None:
    criteria: Any = [
        {"type": "classification", "name": "label", "input": "{{sample.output_text}}", "reference": "{{item.want}}"},
        {"type": "spans", "name": "spans", "input": "{{item.said}}", "reference": "{{item.spans}}"},
    ]
    made = client.evals.create(data_source_config={"type": "custom", "item_schema": {}}, testing_criteria=criteria)
    span = {"start": 0, "end": 2, "label": "city"}

    def run(right: int) -> Any:
        lines = [
            {
                "item": {"want": "ab"[n % 2], "spans": [span], "said": [span] if n < right else []},
                "sample": {"output_text": "ab"[n % 2] if n < right else "a"},
            }
            for n in range(20)
        ]
        text = "\n".join(json.dumps(line) for line in lines).encode()
        file = client.files.create(file=("rows.jsonl", text), purpose="evals").id
        source: Any = {"type": "jsonl", "source": {"type": "file_id", "id": file}}
        return over(client, made.id, client.evals.runs.create(made.id, data_source=source).id)

    before, after = run(0), run(20)
    figures = before.model_extra["parley"]
    assert figures["label"]["accuracy"] == 0.5
    assert figures["label"]["f1_by_label"] == {"a": pytest.approx(2 / 3), "b": 0.0}
    assert figures["label"]["macro_f1"] == pytest.approx(1 / 3)
    assert figures["spans"]["micro_f1"] == 0
    assert after.model_extra["parley"]["spans"]["f1_by_label"] == {"city": 1.0}
    body = {"baseline": before.id, "candidate": after.id}
    told = http.post(f"/v1/evals/{made.id}/compare", json=body).raise_for_status().json()["criteria"]["label"]
    assert (told["difference"], told["rows"], told["better"], told["worse"]) == (0.5, 20, 10, 0)
    assert 0.2 < told["low"] < 0.5 < told["high"] < 0.8
    same = http.post(f"/v1/evals/{made.id}/compare", json={"baseline": before.id, "candidate": before.id}).json()
    assert same["criteria"]["label"]["low"] == same["criteria"]["label"]["high"] == 0


def test_a_bot_a_response_and_stored_chats_are_sources(client: OpenAI) -> None:
    like: Any = {**EQUAL, "operation": "like", "reference": "{{item.q}}"}
    made = client.evals.create(data_source_config=CONFIG, testing_criteria=[like])
    rows = content({"item": {"q": "hello", "history": [{"role": "user", "content": "hello"}]}})
    reference: Any = {"type": "item_reference", "item_reference": "item.history"}
    source: Any = {"type": "responses", "model": "parley", "input_messages": reference, "source": rows}
    assert over(client, made.id, client.evals.runs.create(made.id, data_source=source).id).result_counts.passed == 1
    asked: Any = [{"role": "user", "content": "kept for an eval"}]
    client.chat.completions.create(model="parley", messages=asked, store=True, metadata={"set": "one"})
    holds: Any = {**like, "reference": "{{item.input[0].content}}"}
    logged: Any = {"type": "stored_completions", "metadata": {"set": "one"}}
    stored = client.evals.create(data_source_config=logged, testing_criteria=[holds])
    kept: Any = {"type": "completions", "source": logged}
    assert over(client, stored.id, client.evals.runs.create(stored.id, data_source=kept).id).result_counts.passed == 1


def test_a_bad_row_in_a_file_fails_the_run_by_its_line(client: OpenAI) -> None:
    made = client.evals.create(data_source_config=CONFIG, testing_criteria=[EQUAL])
    file = client.files.create(file=("rows.jsonl", b'{"item": {}}\n{"items": 1}\n'), purpose="evals").id
    source: Any = {"type": "jsonl", "source": {"type": "file_id", "id": file}}
    done = over(client, made.id, client.evals.runs.create(made.id, data_source=source).id)
    assert done.status == "failed"
    assert done.error.message.startswith("line 2")


def test_a_run_is_cancelled(client: OpenAI, writer: Writer, model: str) -> None:
    made = client.evals.create(data_source_config=CONFIG, testing_criteria=[EQUAL])
    rows = content(*({"item": {"q": "slow words", "want": "x"}} for _ in range(50)))
    source: Any = {"type": "completions", "model": model, "input_messages": ASKED, "source": rows}
    run = client.evals.runs.create(made.id, data_source=source)
    assert client.evals.runs.cancel(run.id, eval_id=made.id).status == "canceled"
    writer.go_on.set()
    assert client.evals.runs.cancel(run.id, eval_id=made.id).status == "canceled", "repeating it is harmless"


def graded(client: OpenAI, grader: dict[str, Any], sample: str, **item: Any) -> Any:
    given: Any = grader
    return client.fine_tuning.alpha.graders.run(grader=given, model_sample=sample, item=item)


def test_graders_are_run_one_by_one(client: OpenAI, writer: Writer, model: str) -> None:
    assert graded(client, EQUAL, "yes", want="yes").reward == 1
    alike = {"type": "text_similarity", "name": "a", "input": "{{sample.output_text}}", "reference": "{{item.w}}"}
    assert graded(
        client, alike | {"evaluation_metric": "rouge_l"}, "今天天气很好", w="今天天气不好"
    ).reward == pytest.approx(5 / 6)
    multi = {
        "type": "multi",
        "name": "m",
        "graders": {"x": {**EQUAL, "name": "x"}, "y": alike | {"evaluation_metric": "fuzzy_match"}},
        "calculate_output": "0.5 * x + min(y, 1) ** 2 / 2",
    }
    told = graded(client, multi, "yes", want="yes", w="yes")
    assert (told.reward, told.sub_rewards) == (1.0, {"x": 1.0, "y": 1.0})
    label = {
        "type": "label_model",
        "name": "l",
        "model": model,
        "labels": ["good", "bad"],
        "passing_labels": ["good"],
        "input": [{"role": "user", "content": '{"label":"{{item.say}}"}'}],
    }
    assert graded(client, label, "", say="good").reward == 1
    assert (writer.asked[0].sampling.json_schema or {})["properties"]["label"] == {"enum": ["good", "bad"]}
    with pytest.raises(BadRequestError, match="no label"):
        graded(client, label, "", say="ugly")
    score = {
        "type": "score_model",
        "name": "s",
        "model": model,
        "input": [{"role": "user", "content": '{"result":0.7}'}],
    }
    assert graded(client, score, "").reward == 0.7
    assert client.fine_tuning.alpha.graders.validate(grader=EQUAL).grader is not None


@pytest.mark.parametrize(
    ("grader", "told"),
    [
        ({"type": "python", "name": "p", "source": "1"}, "runs no code"),
        ({**EQUAL, "input": "{{samples.x}}"}, "no path"),
        ({**EQUAL, "operation": "about"}, "operation"),
        ({"type": "multi", "name": "m", "graders": {"x": EQUAL}, "calculate_output": "y + 1"}, "'y'"),
        ({"type": "multi", "name": "m", "graders": {"x": EQUAL}, "calculate_output": "x.__class__"}, "nothing else"),
        ({"type": "multi", "name": "m", "graders": {"x": EQUAL}, "calculate_output": "open('x')"}, "nothing else"),
        ({"type": "multi", "name": "m", "graders": {"x": EQUAL}, "calculate_output": "x +"}, "no formula"),
    ],
)
def test_what_is_no_grader_is_refused(client: OpenAI, grader: dict[str, Any], told: str) -> None:
    given: Any = grader
    with pytest.raises(BadRequestError, match=told):
        client.fine_tuning.alpha.graders.validate(grader=given)
    with pytest.raises(BadRequestError, match=told):
        client.evals.create(data_source_config=CONFIG, testing_criteria=[given])


def test_what_cannot_be_run_is_refused(client: OpenAI) -> None:
    made = client.evals.create(data_source_config=CONFIG, testing_criteria=[EQUAL])
    wrong: list[tuple[Any, str]] = [
        ({"type": "jsonl", "source": content({"item": {"x": 1}})}, "lacks 'q'"),
        ({"type": "completions", "model": "parley", "source": content({"item": {"q": "x"}})}, "input_messages"),
        ({"type": "jsonl", "source": content()}, "content"),
        ({"type": "jsonl", "source": {"type": "file_id", "id": "file-none"}}, "file-none"),
    ]
    for source, told in wrong:
        with pytest.raises((BadRequestError, NotFoundError), match=told):
            client.evals.runs.create(made.id, data_source=source)
    with pytest.raises(BadRequestError, match="same name"):
        client.evals.create(data_source_config=CONFIG, testing_criteria=[EQUAL, EQUAL])
