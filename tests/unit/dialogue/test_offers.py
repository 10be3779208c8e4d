"""Items offered in a chat: asked for, chosen, refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.bot.bot_file import read_bot
from shared.contracts.chat.turns import Answer, DialogueState, ItemAct
from shared.contracts.knowledge.recommendation import ItemsRecommended, OfferedItem, RecommendItems
from shared.dialogue import offers
from shared.errors import InvalidBot
from tests.unit.dialogue.conversation import DESK, Conversation

SLOTS = """\
slots:
  kind: {title: kind, entities: kind, remember: true}
  budget: {title: budget, type: amount, entities: budget, remember: true}
"""
GIFTS = """\
recommend:
  gifts: {catalog: shop, intents: gifts, filters: {kind: {key: category}, budget: {key: price, type: lte}}, query: [kind]}
"""
SHOP = DESK.replace("slots:\n", SLOTS).replace("intents:\n", "intents:\n  gifts: {title: Find a gift}\n", 1) + GIFTS
TITLES = ("Green tea", "Black tea", "Red lamp")


class Shopping(Conversation):
    """With a recommendation that has the same three items, but for those that are refused or chosen already."""

    def __init__(self, state: DialogueState | None = None, source: str = SHOP) -> None:
        super().__init__(read_bot(source), state)

    def ask(self, text: str = "a gift please", intent: str = "gifts", *entities: str) -> RecommendItems:
        """Say something, and have recommendation answer."""
        answer = self.say(text, intent, *entities)
        wish = self.decision.wish
        assert wish is not None, answer.text
        left = [title for title in TITLES if title not in _left_out(wish)]
        found = ItemsRecommended(items=tuple(OfferedItem(item_id=one, score=1.0, title=one) for one in left))
        self.said, self.state = offers.offered(self.decision.turn, (answer, self.state), found)
        return wish

    said: Answer


def _left_out(wish: RecommendItems) -> Sequence[str]:
    parts = (wish.filters or {}).get("filters", ())
    return next((part["value"] for part in parts if part["key"] == "item_id"), ())


def test_items_are_offered_with_their_numbers_and_remembered() -> None:
    shop = Shopping()
    shop.ask()
    assert shop.said.text == "What about one of these?\n1. Green tea\n2. Black tea\n3. Red lamp"
    assert [(card.number, card.item_id) for card in shop.said.items] == [*enumerate(TITLES, 1)]
    assert shop.state.offer is not None
    assert shop.state.offer.items == shop.said.items


def test_slots_narrow_the_offer() -> None:
    wish = Shopping().ask("some tea for $20", "gifts", "kind=tea", "budget=$20")
    assert (wish.catalog, wish.query, wish.n) == ("shop", "tea", 3)
    assert wish.filters == {
        "type": "and",
        "filters": [
            {"type": "in", "key": "category", "value": ["tea"]},
            {"type": "lte", "key": "price", "value": 20.0},
        ],
    }


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("the second one please", "Black tea"),
        ("2", "Black tea"),
        ("I'll take number 3", "Red lamp"),
        ("the last one", "Red lamp"),
        ("第一个", "Green tea"),
        ("red lamp", "Red lamp"),
        ("the black one", "Black tea"),
    ],
)
def test_a_choice_counts_as_a_click(text: str, item: str) -> None:
    shop = Shopping()
    shop.ask()
    answer = shop.say(text)
    assert answer.noted == (ItemAct(catalog="shop", item_id=item, type="click"),)
    assert answer.text == f"{item}: a good choice."
    assert shop.state.offer is not None
    assert shop.state.offer.picked == (item,)


@pytest.mark.parametrize("text", ["the tea", "what does the second one cost?", "the seventh", "hm", "2 tickets"])
def test_what_chooses_none_alone_is_no_choice(text: str) -> None:
    shop = Shopping()
    shop.ask()
    assert shop.say(text).noted == ()


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        ("something else please", TITLES),
        ("not that", TITLES),
        ("别的", TITLES),
        ("not the second one", ("Black tea",)),
        ("I don't like the first one", ("Green tea",)),
    ],
)
def test_what_is_refused_is_dismissed_and_not_offered_again(text: str, unwanted: tuple[str, ...]) -> None:
    shop = Shopping()
    shop.ask()
    wish = shop.ask(text, "chat")
    assert [(act.item_id, act.type) for act in shop.said.noted] == [(title, "dismiss") for title in unwanted]
    assert set(_left_out(wish)) == set(unwanted)
    left = [title for title in TITLES if title not in unwanted]
    assert [card.title for card in shop.said.items] == left
    assert ("nothing else" in shop.said.text) == (not left)


def test_only_a_customer_who_has_consented_is_known_to_the_catalog() -> None:
    assert Shopping(DialogueState(customer={"id": "ann"})).ask().who == "u:ann"
    unknown = Shopping().ask().who
    assert unknown is not None
    assert unknown.startswith("s:chat-")
    assert "conv_1" not in unknown


def test_without_an_offer_and_amid_a_flow_numbers_mean_what_they_always_did() -> None:
    shop = Shopping()
    assert shop.say("2").noted == ()
    shop.ask()
    shop.say("a flight", "flights")
    assert shop.say("2").noted == ()


def test_another_bot_file_forgets_offers_that_it_does_not_make() -> None:
    shop = Shopping()
    shop.ask()
    shop.bot = read_bot(SHOP.replace("catalog: shop", "catalog: other"))
    assert shop.say("2").noted == ()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("intents: gifts, filters", "intents: gits, filters", "recommend.gifts.intents.0"),
        ("query: [kind]", "query: [kin]", "recommend.gifts.query.0"),
        ("entities: kind, remember: true", "entities: kind", "recommend.gifts.filters.kind"),
        ("kind: {key: category}", "kind: {key: price, type: gt}", "recommend.gifts.filters.kind"),
        ("intents: gifts, filters", "intents: [gifts, hours], filters", "recommend.gifts.intents.1"),
    ],
)
def test_faults_name_their_place(old: str, new: str, field: str) -> None:
    with pytest.raises(InvalidBot) as caught:
        read_bot(SHOP.replace(old, new))
    assert field in {fault.field for fault in caught.value.faults}
