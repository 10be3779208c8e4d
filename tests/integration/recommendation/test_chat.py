"""Items in a chat, on both buses: offered, chosen, refused, and counted as events of the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from services.generation.app import running
from services.generation.settings import GenerationSettings
from shared.contracts.chat.turns import TurnReceived, TurnUnderstood
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import one_by_one
from shared.messaging.topology import Queues
from shared.settings import read_settings
from tests.integration.places import KINDS, Kind, place
from tests.integration.recommendation.shop import Shop, opened
from tests.unit.dialogue.conversation import DESK
from tests.unit.gateway.echo import understand
from tests.waiting import wait_for

BOT = (
    DESK.replace("slots:\n", "slots:\n  kind: {title: kind, type: text, entities: last, remember: true}\n", 1).replace(
        "intents:\n", "intents:\n  gifts: {title: Find a gift}\n", 1
    )
    + "recommend:\n  gifts: {catalog: CATALOG, intents: gifts, filters: {kind: {key: category}}}\n"
)


@dataclass(frozen=True)
class Chat:
    """A conversation with a bot that offers items of a shop."""

    shop: Shop
    id: str

    def say(self, text: str) -> dict[str, Any]:
        reply = self.shop.http.post(f"/v1/conversations/{self.id}/messages", json={"content": text})
        return dict(reply.raise_for_status().json())

    def items(self, text: str) -> list[str]:
        return [card["item_id"] for card in self.say(text)["parley"]["items"]]


@pytest.fixture(scope="module", params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    kind: Kind = request.param

    def on_turn(turn: TurnReceived) -> TurnUnderstood:
        return TurnUnderstood(turn=turn, understanding=understand(turn.text))

    with ExitStack() as stack:
        where = stack.enter_context(place(kind, tmp_path_factory.mktemp(kind)))
        bus = stack.enter_context(connect(where.broker_url, prefix=where.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        stack.enter_context(Consumer(bus, Queues.NLU, {TurnReceived: one_by_one(on_turn)}, publisher=publisher))
        stack.enter_context(running(read_settings(GenerationSettings, **where.settings())))
        shop = stack.enter_context(opened(where)).filled()
        apply(shop, BOT.replace("CATALOG", shop.catalog))
        yield shop


def apply(shop: Shop, source: str) -> None:
    version = shop.http.post("/v1/bots", json={"source": source}).raise_for_status().json()["version"]
    wait_for(lambda: begun(shop).say("greet")["bot_version"] == version, 30, "the bot", pause=0.05)


def begun(shop: Shop, **metadata: str) -> Chat:
    reply = shop.http.post("/v1/conversations", json={"metadata": metadata})
    return Chat(shop, reply.raise_for_status().json()["id"])


def test_what_is_chosen_and_refused_becomes_events_of_the_customer(shop: Shop) -> None:
    shop.http.post("/v1/customers/ann", json={"consent": True}).raise_for_status()
    chat = begun(shop, customer="ann")
    said = chat.say("gifts of tea")
    first = [card["item_id"] for card in said["parley"]["items"]]
    assert len(first) == 3
    assert all(item.startswith("tea") for item in first), "the slot filters"
    assert said["content"].count("\n1. ") == 1
    assert chat.items("the second one") == [first[1]]
    second = chat.items("something else: tea")
    assert second
    assert not set(second) & set(first)
    told = shop.http.get(f"/v1/catalogs/{shop.catalog}/users/ann").json()
    assert {(one["item_id"], one["type"]) for one in told["events"]} == {
        (first[1], "click"),
        (first[0], "dismiss"),
        (first[2], "dismiss"),
    }
    assert told["profile"]["chosen"] == [first[1]]
    assert not {first[0], first[2]} & set(shop.offered(user_id="ann", n=20)), "on the shop's page neither"


def test_of_a_customer_who_has_not_consented_nothing_is_known(shop: Shop) -> None:
    shop.http.post("/v1/customers/bob", json={}).raise_for_status()
    chat = begun(shop, customer="bob")
    chat.items("gifts of lamp")
    assert len(chat.items("1")) == 1
    assert shop.http.get(f"/v1/catalogs/{shop.catalog}/users/bob").json()["events"] == []


def test_consent_that_is_taken_back_ends_it_amid_a_conversation(shop: Shop) -> None:
    shop.http.post("/v1/customers/eve", json={"consent": True}).raise_for_status()
    chat = begun(shop, customer="eve")
    chat.items("gifts of tea")
    shop.http.post("/v1/customers/eve", json={"consent": False}).raise_for_status()
    assert len(chat.items("1")) == 1
    assert shop.http.get(f"/v1/catalogs/{shop.catalog}/users/eve").json()["events"] == []


def test_a_bot_that_offers_from_a_catalog_that_is_not_there_is_refused(shop: Shop) -> None:
    reply = shop.http.post("/v1/bots", json={"source": BOT.replace("CATALOG", "nothing")})
    assert reply.status_code == 400
    assert "no such catalog" in reply.text
