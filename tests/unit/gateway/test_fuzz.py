"""Whatever the OpenAPI page allows or forbids to send, the answer is one that it documents, and never our fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from services.channels import app as channels
from services.channels.settings import ChannelsSettings
from services.generation.media.service import MediaLimits, MediaReader
from services.monitoring.handlers import build_backtest_handlers
from services.recommendation import app as recommendation
from services.recommendation.settings import RecommendationSettings
from shared.artifacts.store import open_store
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.topology import Queues
from tests.unit.gateway.platform import ADMIN_KEY, Platform, asked, running_platform

CHECKS = [checks.content_type_conformance, checks.response_headers_conformance, checks.response_schema_conformance]
#: Streams of events do not end by themselves.
ENDLESS = (
    "GET /v1/alerts/stream",
    "GET /v1/conversations/{conversation_id}/events",
    "GET /v1/conversations/{conversation_id}/live",
)
AUTHORIZED = {"Authorization": f"Bearer {ADMIN_KEY}"}
SEED = 20_261_101


@schemathesis.serializer("application/x-ndjson")
def _lines(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@contextmanager
def whole(platform: Platform) -> Iterator[None]:
    """Those who answer what nlu and generation do not, as they are: a fuzzed request must wait for nobody."""
    place: dict[str, Any] = {"home": platform.settings.home, "broker_url": platform.settings.broker_url}
    with ExitStack() as stack:
        stack.enter_context(recommendation.running(RecommendationSettings(**place)))
        stack.enter_context(channels.running(ChannelsSettings(**place)))
        publisher = stack.enter_context(platform.bus.publisher())
        backtests = build_backtest_handlers(platform.database)
        stack.enter_context(Consumer(platform.bus, Queues.BACKTESTS, backtests, publisher=publisher))
        store = open_store(platform.settings.artifacts)
        media = stack.enter_context(closing(MediaReader(store, MediaLimits(), threads=2)))
        for queue in (Queues.MEDIA, Queues.SOUNDS):
            stack.enter_context(StreamConsumer(platform.bus, queue, media.handlers, publisher=publisher, limit=2))
        yield


@dataclass
class Round:
    """One way through all operations.

    Attributes:
        platform: Where to.
        known: Ids of what exists, by the name of the parameter in the address.
        statuses: How often each was answered.
        faults: What should not have been.
    """

    platform: Platform
    known: dict[str, str]
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)

    def fuzz(self, examples: int) -> None:
        """Send so many requests of each kind, well-formed and not, to every operation."""
        page = f"{self.platform.url}/openapi.json"
        httpx.get(page, timeout=120).raise_for_status()  # it is made when first asked for, which takes seconds
        schema = schemathesis.openapi.from_url(page)
        schema.config.generation.with_security_parameters = False  # keys are the subject of test_auth
        for result in schema.get_all_operations():
            operation = cast("Any", result).ok()
            for mode in GenerationMode if can_be_wrong(operation) else [GenerationMode.POSITIVE]:
                self._fuzz(operation, mode, examples)

    def _fuzz(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        cases = operation.as_strategy(generation_mode=mode)
        try:
            _hypothesis(lambda case, known: self._send(operation, case, known=known), cases, examples)
        except Unsatisfiable:  # where nothing can be sent, nothing can be sent wrongly
            assert mode is GenerationMode.NEGATIVE

    def _send(self, operation: Any, case: Any, *, known: bool) -> None:
        if known:
            case.path_parameters = {
                name: self.known.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        without_model = False
        if operation.label in ENDLESS:
            status = self._begun(case)
        else:
            response = case.call(headers=AUTHORIZED, timeout=20)
            status = response.status_code
            without_model = status == 503 and response.json()["error"]["code"] == "no_model"
            self._check(operation, case, response)
        self.statuses[status] += 1
        # That there is no model is the doing of the fuzz, which takes out of production what it finds.
        if (status >= 500 and not without_model) or str(status) not in operation.definition.raw["responses"]:
            self.faults.setdefault(f"{operation.label} {status}", case.as_curl_command())

    def _begun(self, case: Any) -> int:
        """The status of an answer that does not end."""
        sent = case.as_transport_kwargs(headers=AUTHORIZED)
        with httpx.stream("GET", sent["url"], params=sent["params"], headers=dict(sent["headers"])) as response:
            return response.status_code

    def _check(self, operation: Any, case: Any, response: Any) -> None:
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as failures:
            self.faults.setdefault(f"{operation.label} {failures.exceptions}", case.as_curl_command())


def can_be_wrong(operation: Any) -> bool:
    """Whether anything can be sent that the page forbids: where nothing can, it takes seconds of tries to find out."""
    schemas = [one.definition["schema"] for one in operation.path_parameters]
    free = all(one.get("type") == "string" and one.keys() <= {"type", "title", "description"} for one in schemas)
    return bool(operation.body or operation.query or operation.headers) or not free


def _hypothesis(send: Callable[..., None], cases: Any, examples: int) -> None:
    chosen = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(SEED)(chosen(given(case=cases, known=st.booleans())(send)))()


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Round]:
    """A platform on which there is one of everything that an address can name."""
    with (
        running_platform(tmp_path, requests_per_minute=10_000_000) as platform,
        whole(platform),
        platform.http() as http,
    ):
        conversation = made(http, "/v1/conversations", {})
        model = platform.add_model()
        yield Round(
            platform,
            {
                "conversation_id": conversation["id"],
                "model_id": model,
                "file_id": uploaded(http),
                "key_id": made(http, "/v1/keys", {"name": "one of many", "role": "chat"})["id"],
                "version": "1",
                "stream": declared(http),
                "job_id": made(http, "/v1/fine_tuning/jobs", {"model": "minilm", "training_file": uploaded(http)})[
                    "id"
                ],
            },
        )


def made(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = http.post(path, json=body).raise_for_status().json()
    return answer


def declared(http: httpx.Client) -> str:
    return str(http.put("/v1/streams/news", json={}).raise_for_status().json()["id"])


def uploaded(http: httpx.Client) -> str:
    rows = "".join(f'{{"text": "where is order {number}", "intent": "order_status"}}\n' for number in range(20))
    form = {"file": ("rows.jsonl", rows.encode())}
    return str(http.post("/v1/files", data={"purpose": "fine-tune"}, files=form).raise_for_status().json()["id"])


def judge(done: Round, least: int) -> None:
    assert done.faults == {}
    assert done.statuses.total() >= least
    assert {200, 400, 404} <= done.statuses.keys()
    client = done.platform.client()
    answer = client.chat.completions.create(model="parley", messages=asked("hello there"))
    assert answer.choices[0].message.content, "and it still works"


def test_a_short_round(prepared: Round) -> None:
    prepared.fuzz(examples=2)
    judge(prepared, least=250)


@pytest.mark.slow
def test_five_thousand_cases(prepared: Round) -> None:
    prepared.fuzz(examples=15)
    print(dict(prepared.statuses))
    judge(prepared, least=5_000)
