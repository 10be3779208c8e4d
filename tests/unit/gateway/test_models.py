from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from shared.contracts.message import Message
from shared.contracts.releases import BotPublished, ModelPublished
from shared.messaging.topology import Queues
from tests.unit.gateway.platform import Platform

REFUSED = {
    "passed": False,
    "production": "ft:old",
    "violations": [{"head": "intent", "label": "refund", "candidate": 0.25, "production": 0.75, "budget": 0.1}],
}


BOT = """\
version: 1
name: Desk
intents:
  greet: {title: Saying hello}
answers:
  greet: Hello!
handover:
  requested: A colleague takes over.
  anger: I am sorry. A colleague takes over.
  failures: Let me ask a colleague.
"""


def published(platform: Platform, act: Callable[[], object]) -> list[Message]:
    """What is published on the releases exchange while ``act`` runs."""
    with platform.bus.subscribe(Queues.releases("test", uuid4().hex), 10) as subscription:
        act()
        deliveries = subscription.receive(10, 2.0)
        subscription.settle(deliveries)
    return [delivery.decode().message for delivery in deliveries]


def test_a_model_is_promoted_and_rolled_back_by_one_call_each(
    client: OpenAI, http: httpx.Client, platform: Platform
) -> None:
    old, new = platform.add_model(suffix="old"), platform.add_model(suffix="new")
    http.post(f"/v1/models/{old}/promote").raise_for_status()
    told = published(platform, lambda: http.post(f"/v1/models/{new}/promote", json={}).raise_for_status())
    assert told == [ModelPublished(slot="nlu", model_id=new)]
    assert (client.models.retrieve(new).model_extra or {})["production"] is True
    assert (client.models.retrieve("parley").model_extra or {})["job_id"]
    back = http.post(f"/v1/models/{new}/rollback").raise_for_status().json()
    assert (back["id"], back["production"]) == (old, True)
    listed = {model.id: (model.model_extra or {})["production"] for model in client.models.list()}
    assert listed["parley"] is listed[old] is True
    assert listed[new] is False
    refused = http.post(f"/v1/models/{new}/rollback")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "model")
    assert (client.models.retrieve(old).model_extra or {})["production"] is True, "a refused call changes nothing"


def test_ids_with_colons_and_slashes_are_found(client: OpenAI, platform: Platform) -> None:
    model_id = platform.add_model(suffix="a.b")
    assert "/" in model_id
    assert ":" in model_id
    model = client.models.retrieve(model_id)
    assert (model.id, model.object, model.owned_by) == (model_id, "model", "parley")
    extra: dict[str, Any] = model.model_extra or {}
    assert extra["metrics"] == {"accuracy": 0.9}
    assert extra["base_model"] == "tiny"
    assert client.models.delete(model_id).deleted is True
    with pytest.raises(NotFoundError) as gone:
        client.models.retrieve(model_id)
    assert gone.value.code == "model_not_found"


def test_what_the_gate_refused_is_promoted_only_by_force(http: httpx.Client, platform: Platform) -> None:
    model_id = platform.add_model(gate=REFUSED)
    refused = http.post(f"/v1/models/{model_id}/promote").json()["error"]
    assert refused["code"] == "gate_refused"
    assert "intent refund: 0.250 against 0.750" in refused["message"]
    dialogues = {"turns": 40, "turns_right": 31, "required": 0.95, "passed": False, "wrong": []}
    other_id = platform.add_model(gate={"passed": False, "production": None, "violations": [], "dialogues": dialogues})
    refused = http.post(f"/v1/models/{other_id}/promote").json()["error"]
    assert "31 of 40 turns of its dialogues are right, 95.0% must be" in refused["message"]
    difference = {"difference": -0.08, "low": -0.12, "high": -0.04}
    told = {"id": "eval_1", "rows": 200, "passed": False, "least_gain": -0.05, "level": 0.95}
    told |= {"criteria": {"right": difference}}
    third_id = platform.add_model(gate={"passed": False, "production": "ft:a", "violations": [], "eval": told})
    refused = http.post(f"/v1/models/{third_id}/promote").json()["error"]
    words = "the eval eval_1 on 200 rows: right -0.080 (95.0% interval -0.120 to -0.040); at least -0.050 is asked for"
    assert words in refused["message"]
    shown = http.get(f"/v1/models/{third_id}").json()["gate"]["words"]
    assert shown == ["it does no worse than ft:a on the test rows", words]
    assert http.post(f"/v1/models/{model_id}/promote", json={"force": True}).json()["production"] is True


def test_the_model_in_production_cannot_be_deleted(client: OpenAI, http: httpx.Client, platform: Platform) -> None:
    model_id = platform.add_model()
    http.post(f"/v1/models/{model_id}/promote").raise_for_status()
    with pytest.raises(BadRequestError, match="production"):
        client.models.delete(model_id)


def test_an_unknown_model_is_404_everywhere(http: httpx.Client) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/promote"), ("POST", "/rollback")):
        answer = http.request(method, f"/v1/models/ft:none{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_a_bot_is_applied_as_json_or_yaml_and_told(http: httpx.Client, platform: Platform) -> None:
    replies: list[httpx.Response] = []
    told = published(platform, lambda: replies.append(http.post("/v1/bots", json={"source": BOT})))
    applied = replies[0].raise_for_status().json()
    assert told == [BotPublished(version=applied["version"])]
    assert applied["source"] == BOT
    again = http.post("/v1/bots", content=BOT.encode(), headers={"Content-Type": "application/yaml"})
    assert again.json()["version"] == applied["version"], "what is in service already stays the version it is"
    newer = http.post("/v1/bots", json={"source": BOT + "\n# a remark\n"}).json()
    assert newer["version"] > applied["version"]
    listed = http.get("/v1/bots?limit=1").json()["data"]
    assert [(one["version"], one["active"]) for one in listed][:2] == [
        (newer["version"], True),
        (applied["version"], False),
    ]
    assert http.get("/v1/bots/active").json()["version"] == newer["version"]
    assert http.get(f"/v1/bots/{applied['version']}").json()["source"] == BOT
    assert http.get("/v1/bots/999999").status_code == 404


def test_a_faulty_bot_is_refused_with_every_fault_and_not_applied(http: httpx.Client) -> None:
    before = http.get("/v1/bots").json()
    for path in ("/v1/bots", "/v1/bots/validate"):
        error = http.post(path, json={"source": "version: 1\nnmae: x\nintents: {}\n"}).json()["error"]
        assert error["code"] == "invalid_bot_file"
        assert {2, 3} <= {fault["line"] for fault in error["faults"]}
    assert http.get("/v1/bots").json() == before


def test_a_good_bot_is_validated_without_being_applied(http: httpx.Client) -> None:
    before = http.get("/v1/bots").json()
    verdict = http.post("/v1/bots/validate", json={"source": BOT}).raise_for_status().json()
    assert verdict["valid"] is True
    assert (verdict["name"], verdict["answers"]) == ("Desk", 1)
    assert http.get("/v1/bots").json() == before


@pytest.mark.parametrize("damage", ["changed", "foreign", "missing", "link", "no manifest", "nonsense"])
def test_a_damaged_bundle_is_not_promoted_and_harms_nobody(http: httpx.Client, platform: Platform, damage: str) -> None:
    sound, broken = platform.add_model(), platform.add_model()
    http.post(f"/v1/models/{sound}/promote").raise_for_status()
    folder = platform.bundle(broken)
    folder.chmod(0o700)
    for path in folder.iterdir():
        path.chmod(0o600)
    spoil(folder, damage)
    told = published(platform, lambda: check_refused(http.post(f"/v1/models/{broken}/promote", json={"force": True})))
    assert told == []
    assert http.get("/v1/models/parley").json()["job_id"] == http.get(f"/v1/models/{sound}").json()["job_id"]


def spoil(folder: Path, damage: str) -> None:
    if damage == "changed":
        (folder / "model.onnx").write_text("something else")
    elif damage == "foreign":
        (folder / "code.py").write_text("print('hello')")
    elif damage == "missing":
        (folder / "tokenizer.json").unlink()
    elif damage == "link":
        (folder / "model.onnx").unlink()
        (folder / "model.onnx").symlink_to("/etc/hostname")
    elif damage == "no manifest":
        (folder / "manifest.json").unlink()
    else:
        (folder / "manifest.json").write_text("[" * 100_000)


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "broken_artifact"
    assert "/" not in answer.json()["error"]["message"]
