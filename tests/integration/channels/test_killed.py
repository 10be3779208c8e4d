"""A channels process that is killed: no message lost, none answered or brought twice, in order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from shared.messaging.connect import connect
from tests.integration.places import Place, place
from tests.unit.channels import enterprise_ends, far_ends
from tests.unit.channels.far_ends import Answer, Asked, far_end
from tests.unit.gateway.echo import echoing
from tests.waiting import wait_for

KEY = "admin-key-of-the-killed-channels"
EACH = 4


class Channels:
    """One process at a time."""

    def __init__(self, where: Place, folder: Path) -> None:
        self._log = folder / "channels.log"
        self._environment = {
            **os.environ,
            **where.environment(),
            "PARLEY_OUTBOUND_NETWORKS": "127.0.0.0/8",
            "PARLEY_CHANNEL_ANSWER_SECONDS": "2",
            "PARLEY_CHANNEL_HOLD_SECONDS": "1",
            "PARLEY_CHANNEL_WORKERS": "4",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.channels"], env=self._environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


@contextmanager
def gateway(where: Place) -> Iterator[str]:
    chosen: dict[str, Any] = {
        **where.settings(),
        "port": 0,
        "api_key": SecretStr(KEY),
        "outbound_networks": "127.0.0.0/8",
        "request_timeout_seconds": 5,
    }
    settings = GatewaySettings(**chosen)
    with connect(where.broker_url, prefix=where.broker_prefix) as bus, echoing(bus), serving(settings) as url:
        yield url


KINDS = ("webhook", "chatwoot", "telegram", "slack", "feishu", "dingtalk", "wecom")
#: Kinds whose far end knows a message by an id of ours, or is asked for it, so that no repetition is seen.
ONCE = ("webhook", "chatwoot", "feishu")


def slowly(asked: Asked) -> Answer:
    """As each kind's far end answers, long enough to be killed while it is under way."""
    time.sleep(0.05)
    if "gettoken" in asked.path or "tenant_access_token" in asked.path:
        token = {"access_token": "t", "expires_in": 7200, "tenant_access_token": "t", "expire": 7200}
        return 200, {"code": 0, "errcode": 0, **token}
    return 200, {"ok": True, "code": 0, "errcode": 0}


@dataclass
class Inboxes:
    """What lies in front of the customer of each kind."""

    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: set[str] = field(default_factory=set)

    def answer(self, asked: Asked) -> Answer:
        kind = asked.path.split("/")[1]
        if kind == "chatwoot" and asked.method == "GET":
            now = int(time.time())
            return 200, {"payload": [{"message_type": 1, "content": one, "created_at": now} for one in self.told[kind]]}
        if asked.method == "POST" and "token" not in asked.path.split("?")[0]:
            body = asked.body
            known = asked.headers.get("webhook-id") or body.get("uuid")
            if known is None or known not in self.seen:
                self.told[kind].append(words_of(kind, body))
            self.seen |= {known} if known else set()
        return slowly(asked)


def words_of(kind: str, body: Any) -> str:
    """The words of a message, where the kind has them."""
    if kind == "chatwoot":
        return str(body["content"])
    if kind == "feishu":
        return str(json.loads(body["content"])["text"])
    return str(body["text"]["content"] if kind in ("dingtalk", "wecom") else body["text"])


def setting(kind: str, url: str) -> dict[str, Any]:
    fields: dict[str, dict[str, Any]] = {
        "webhook": {"secret": far_ends.WEBHOOK_SECRET},
        "chatwoot": {"account_id": 3, "token": far_ends.CHATWOOT_TOKEN, "secret": far_ends.CHATWOOT_SECRET},
        "telegram": {"token": far_ends.TELEGRAM_TOKEN, "secret": far_ends.TELEGRAM_SECRET},
        "slack": {"token": far_ends.SLACK_TOKEN, "secret": far_ends.SLACK_SECRET},
        "feishu": enterprise_ends.FEISHU,
        "dingtalk": enterprise_ends.DINGTALK,
        "wecom": enterprise_ends.WECOM,
    }
    return {"type": kind, "url": f"{url}/{kind}", **fields[kind]}


def event(kind: str, number: int, url: str) -> tuple[bytes, dict[str, str], dict[str, str]]:
    """Message ``number`` of a customer as the kind posts it: body, headers and query."""
    now, words = time.time(), f"m{number}"
    if kind == "wecom":
        sealed = enterprise_ends.wecom_sealed(enterprise_ends.wecom_text(MsgId=str(number + 1), Content=words))
        raw, query = enterprise_ends.wecom(now, sealed)
        return raw, {}, query
    made: dict[str, Callable[[], tuple[bytes, dict[str, str]]]] = {
        "webhook": lambda: far_ends.webhook({"id": words, "thread": "t", "text": words}, now, f"in-{number}"),
        "chatwoot": lambda: far_ends.chatwoot(now, id=100 + number, content=words),
        "telegram": lambda: far_ends.telegram(number=number + 1, text=words),
        "slack": lambda: far_ends.slack(now, ts=f"1355517523.00000{number}", text=words),
        "feishu": lambda: enterprise_ends.feishu(
            enterprise_ends.feishu_message(message_id=f"om_{number}", content=json.dumps({"text": words})), now
        ),
        "dingtalk": lambda: enterprise_ends.dingtalk(
            now, f"{url}/dingtalk", msgId=f"msg{number}", text={"content": words}
        ),
    }
    return (*made[kind](), {})


def test_kills_in_the_middle_lose_nothing_and_repeat_nothing_in_any_kind(tmp_path: Path) -> None:
    inboxes, kills = Inboxes(), (1, 2)
    with ExitStack() as stack:
        where = stack.enter_context(place("stack", tmp_path))
        end = stack.enter_context(far_end(inboxes.answer))
        url = stack.enter_context(gateway(where))
        http = stack.enter_context(httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30))
        channels = Channels(where, tmp_path)
        stack.callback(channels.kill)
        for kind in KINDS:
            http.put(f"/v1/channels/{kind}", json=setting(kind, end.url)).raise_for_status()
        channels.start()
        for number in range(EACH):
            for kind in KINDS:
                _posted(http, kind, event(kind, number, end.url))
            if number in kills:
                channels.kill()
                channels.start()
        said = [f"You said: m{n} ({n} before, {n} counted)" for n in range(EACH)]
        wait_for(lambda: all(said[-1] in inboxes.told[kind] for kind in KINDS), 60, channels.log)
        for kind in KINDS:
            heard = inboxes.told[kind]
            assert list(dict.fromkeys(heard)) == said, kind
            assert len(heard) - EACH <= (0 if kind in ONCE else len(kills)), kind
        listed = http.get("/v1/conversations").json()["data"]
        assert [one["turns"] for one in listed] == [EACH] * len(KINDS)


def _posted(http: httpx.Client, kind: str, sent: tuple[bytes, dict[str, str], dict[str, str]]) -> None:
    """As a messenger does: again and again until it is taken."""
    raw, headers, query = sent

    def taken() -> bool:
        answer = http.post(f"/v1/channels/{kind}/events", content=raw, headers=headers, params=query)
        return answer.status_code == 200

    wait_for(taken, 60)
