"""A shop: a gateway and a process of recommendation on one place, asked over HTTP."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from pydantic import SecretStr

from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from services.recommendation import app as recommendation
from services.recommendation.settings import RecommendationSettings
from tests.integration.places import Place
from tests.unit.training.tasks.samples import SAMPLES

KEY = "key-of-the-shop"

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Shop:
    """What a test may touch."""

    place: Place
    http: httpx.Client
    catalog: str = field(default_factory=lambda: f"shop-{uuid4().hex[:8]}")

    def open(self) -> Shop:
        """Another catalog, empty."""
        other = Shop(self.place, self.http)
        other.http.post("/v1/catalogs", json={"id": other.catalog}).raise_for_status()
        return other

    def send(self, what: str, rows: Sequence[Record]) -> dict[str, Any]:
        """Items or events."""
        method = "PUT" if what == "items" else "POST"
        body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        reply = self.http.request(
            method,
            f"/v1/catalogs/{self.catalog}/{what}",
            content=body.encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )
        return dict(reply.raise_for_status().json())

    def ask(self, **asked: Any) -> dict[str, Any]:
        """A question about what to offer."""
        reply = self.http.post("/v1/recommendations", json={"catalog": self.catalog} | asked)
        return dict(reply.raise_for_status().json())

    def offered(self, **asked: Any) -> list[str]:
        """The ids of what is offered, best first."""
        return [one["item_id"] for one in self.ask(**asked)["data"]]

    def filled(self) -> Shop:
        """Another catalog, with the items and events of the sample: shoes, lamps and tea."""
        shop, rows = self.open(), SAMPLES["recommendation", ""].rows
        shop.send("items", [row for row in rows if "text" in row])
        shop.send("events", [row for row in rows if "text" not in row])
        return shop


@contextlib.contextmanager
def opened(place: Place) -> Iterator[Shop]:
    """Start both processes."""
    gateway = GatewaySettings.model_validate(place.settings() | {"port": 0, "api_key": SecretStr(KEY)})
    with contextlib.ExitStack() as stack:
        stack.enter_context(recommendation.running(RecommendationSettings.model_validate(place.settings())))
        url = stack.enter_context(serving(gateway))
        http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
        yield Shop(place, stack.enter_context(http)).open()


def bought(who: str, *items: str, at: float | None = None) -> list[dict[str, Any]]:
    """Purchases of somebody, one after the other."""
    first = time.time() if at is None else at
    return [
        {"user_id": who, "item_id": item, "type": "purchase", "timestamp": first + number}
        for number, item in enumerate(items)
    ]
