"""What gateways do when nobody waits: responses in the background, a batch, a run of an eval, and webhooks that tell of their ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from openai import OpenAI

from tests.chaos.caller import Caller
from tests.chaos.ledger import Ledger, Said
from tests.chaos.stack import Stack
from tests.receiver import Receiver, receiving

#: Judges signatures as a receiver does.
_WEBHOOKS = OpenAI(api_key="none").webhooks

_ROWS = 60
#: Seconds within which everything has to be over once nobody is killed any more: a response of a process that died is taken up after a minute, and so is a delivery.
_PATIENCE = 180.0
_OVER = {"completed", "failed", "cancelled", "expired", "canceled", "incomplete"}
_EVENTS = (
    "batch.completed",
    "batch.failed",
    "eval.run.succeeded",
    "eval.run.failed",
    "response.completed",
    "response.failed",
)


@dataclass
class Errands:
    """Those of one round.

    Args:
        stack: Where they run.
        caller: Asks for them, and for what became of them.
        ledger: Told of every word, so that the audit looks for its turn.
        receiver: Of webhooks.
    """

    stack: Stack
    caller: Caller
    ledger: Ledger
    receiver: Receiver
    _responses: dict[str, Said] = field(default_factory=dict)
    _rows: dict[str, Said] = field(default_factory=dict)
    _secret: str = ""
    _batch: str = ""
    _run: str = ""

    def begin(self) -> None:
        """Everything that goes on during the round."""
        hook = {"name": "chaos", "url": self.receiver.url, "event_types": list(_EVENTS)}
        self._secret = self._asked("POST", "/v1/webhook_endpoints", hook)["signing_secret"]
        self._rows = {str(number): self._say(f"batch-{number}") for number in range(_ROWS)}
        rows = self._uploaded([_row(name, said) for name, said in self._rows.items()], "batch")
        batch = {"input_file_id": rows, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        self._batch = self._asked("POST", "/v1/batches", batch)["id"]
        self._run = self._eval_run()
        self.respond()

    def respond(self) -> None:
        """One more response in the background."""
        name = f"response-{len(self._responses)}"
        said = self._say(name)
        body = {"model": "parley", "input": said.text, "background": True}
        self._responses[self._asked("POST", "/v1/responses", body, key=f"{self.ledger.name}-{name}")["id"]] = said

    def faults(self) -> list[str]:
        """Wait for all to end; what is lost, there twice, or not told."""
        over: dict[str, dict[str, Any]] = {}
        paths = [f"/v1/responses/{one}" for one in self._responses]
        paths += [f"/v1/batches/{self._batch}", self._run]
        deadline = time.monotonic() + _PATIENCE
        while len(over) < len(paths) and time.monotonic() < deadline:
            for path in paths:
                if path not in over and (found := self._asked("GET", path))["status"] in _OVER:
                    over[path] = found
            time.sleep(0.2)
        faults = [f"{path} is not over" for path in paths if path not in over]
        if faults:
            return faults
        faults += [fault for one in self._responses for fault in self._of_response(over[f"/v1/responses/{one}"])]
        faults += self._of_batch(over[f"/v1/batches/{self._batch}"])
        faults += self._of_run(over[self._run])
        return [*faults, *self._of_webhooks(list(over.values()))]

    def _of_response(self, found: dict[str, Any]) -> Iterator[str]:
        if found["status"] != "completed":
            yield f"{found['id']} is {found['status']}: {found['error']}"
            return
        said = self._responses[found["id"]]
        said.turn_id, said.conversation_id = found["parley"]["turn_id"], found["parley"]["conversation_id"]
        said.answer = found["output"][0]["content"][0]["text"]

    def _of_batch(self, batch: dict[str, Any]) -> Iterator[str]:
        """Each row stands in one of the two files, once; what is answered is in the audit's hands."""
        seen: list[str] = []
        for file in (batch["output_file_id"], batch["error_file_id"]):
            for line in self._lines(file) if file else ():
                seen.append(line["custom_id"])
                if file == batch["output_file_id"]:
                    said, body = self._rows[line["custom_id"]], line["response"]["body"]
                    said.turn_id, said.conversation_id = body["parley"]["turn_id"], body["parley"]["conversation_id"]
                    said.answer = body["choices"][0]["message"]["content"]
        if sorted(seen) != sorted(self._rows) or batch["status"] != "completed":
            yield f"the batch is {batch['status']} with {len(seen)} of {_ROWS} rows, {len(set(seen))} of them different"

    def _of_run(self, run: dict[str, Any]) -> Iterator[str]:
        items, after = [], ""
        while page := self._asked("GET", f"{self._run}/output_items?limit=100{after}")["data"]:
            items += [item["datasource_item_id"] for item in page]
            after = f"&after={page[-1]['id']}"
        if items != list(range(_ROWS)) or run["result_counts"]["passed"] != _ROWS:
            yield f"the run of the eval is {run['status']} with the rows {items} and {run['result_counts']}"

    def _of_webhooks(self, ended: list[dict[str, Any]]) -> Iterator[str]:
        """Each end is told, and always by the same id, however often."""
        wanted = {one["id"] for one in ended}
        deadline = time.monotonic() + _PATIENCE
        while not wanted <= self._told().keys() and time.monotonic() < deadline:
            time.sleep(0.2)
        for thing, ids in self._told().items():
            if len(ids) != 1:
                yield f"the end of {thing} is told by {len(ids)} events"
        yield from (f"the end of {thing} is not told" for thing in wanted - self._told().keys())

    def _told(self) -> dict[str, set[str]]:
        told: dict[str, set[str]] = {}
        for one in list(self.receiver.received):
            _WEBHOOKS.verify_signature(one.body, one.headers, secret=self._secret, tolerance=3600)
            told.setdefault(json.loads(one.body)["data"]["id"], set()).add(one.headers["webhook-id"])
        return told

    def _eval_run(self) -> str:
        alike = {"type": "text_similarity", "name": "alike", "evaluation_metric": "meteor", "pass_threshold": 0.5}
        alike |= {"input": "{{sample.output_text}}", "reference": "{{item.want}}"}
        config = {"type": "custom", "item_schema": {"type": "object"}}
        made = self._asked("POST", "/v1/evals", {"data_source_config": config, "testing_criteria": [alike]})["id"]
        words = " ".join(str(number) for number in range(300))
        rows = self._uploaded([{"item": {"want": words}, "sample": {"output_text": words}}] * _ROWS, "evals")
        source = {"type": "jsonl", "source": {"type": "file_id", "id": rows}}
        run = self._asked("POST", f"/v1/evals/{made}/runs", {"data_source": source})
        return f"/v1/evals/{made}/runs/{run['id']}"

    def _say(self, name: str) -> Said:
        return self.ledger.say(f"where is my order ({self.ledger.name}-{name})", name)

    def _uploaded(self, rows: list[dict[str, Any]], purpose: str) -> str:
        content = "\n".join(json.dumps(row) for row in rows).encode()
        with next(iter(self.stack.http(30).values())) as client:
            form = {"purpose": purpose}
            reply = client.post("/v1/files", data=form, files={"file": ("rows.jsonl", content)}).raise_for_status()
        return str(reply.json()["id"])

    def _lines(self, file: str) -> list[dict[str, Any]]:
        reply = self.caller.until_answered("GET", f"/v1/files/{file}/content", key=None)
        return [json.loads(line) for line in reply.text.splitlines()] if reply else []

    def _asked(self, method: str, path: str, body: object = None, key: str | None = None) -> dict[str, Any]:
        reply = self.caller.until_answered(method, path, body, key=key)
        assert reply is not None, f"{method} {path} was never answered"
        answer: dict[str, Any] = reply.json()
        return answer


def _row(name: str, said: Said) -> dict[str, Any]:
    body = {"model": "parley", "messages": [{"role": "user", "content": said.text}]}
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


@contextmanager
def running(stack: Stack, caller: Caller, ledger: Ledger) -> Iterator[Errands]:
    """Errands that have begun, with a receiver for what is told of them."""
    with receiving() as receiver:
        errands = Errands(stack, caller, ledger, receiver)
        errands.begin()
        yield errands
