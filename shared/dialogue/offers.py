"""Offering items of a catalog: what is asked of recommendation, what is said of its answer, and what the customer makes of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from shared.bot.recommending import Recommend
from shared.contracts.chat.turns import Answer, DialogueState, ItemAct, OfferedCard, OfferState, TurnReceived
from shared.contracts.knowledge.recommendation import ItemsRecommended, RecommendItems
from shared.dialogue import acts, flows
from shared.dialogue.picking import picked_place
from shared.dialogue.turn import Outcome, Turn
from shared.dialogue.values.numbers import numbers
from shared.dialogue.values.words import in_words

#: Items that a conversation does not want to see again; the oldest come back.
_REFUSED = 100
#: Characters of a text that items are looked for by.
_LONGEST_QUERY = 500
#: How a message begins that does not want the one that it names.
_NOT = ("not ", "no not ", "不要")


def picked(turn: Turn, state: DialogueState) -> Outcome | None:
    """The customer chose one of the items: "the second one", "3", or its title."""
    offer = _open(turn, state)
    if offer is None or acts.asks(turn.text) or _rest_of_refusal(turn) is not None:
        return None
    place = picked_place(turn, [card.title for card in offer.items])
    if place is None:
        return None
    card = offer.items[place]
    text = turn.say(turn.bot.wording.offer_picked, item=card.title)
    noted = ItemAct(catalog=offer.catalog, item_id=card.item_id, type="click")
    picked_ids = (*(one for one in offer.picked if one != card.item_id), card.item_id)[-_REFUSED:]
    after = state.model_copy(update={"offer": offer.model_copy(update={"picked": picked_ids})})
    return Answer(text=text, kind="template", items=(card,), noted=(noted,)), after


def others(turn: Turn, state: DialogueState) -> Outcome | None:
    """The customer wants something else: what was offered, or the one that is named, is not wanted."""
    offer = _open(turn, state)
    rest = _rest_of_refusal(turn)
    if offer is None or rest is None:
        return None
    place = picked_place(turn, [card.title for card in offer.items], words=rest)
    if place is None and not turn.says(turn.bot.control.others):
        return None
    unwanted = offer.items if place is None else (offer.items[place],)
    unwanted = tuple(card for card in unwanted if card.item_id not in offer.picked)
    noted = tuple(ItemAct(catalog=offer.catalog, item_id=card.item_id, type="dismiss") for card in unwanted)
    refused = tuple(dict.fromkeys((*offer.refused, *(card.item_id for card in unwanted))))[-_REFUSED:]
    answer = Answer(text=turn.say(turn.bot.wording.offer_nothing), kind="template", noted=noted)
    return answer, state.model_copy(update={"offer": offer.model_copy(update={"items": (), "refused": refused})})


def begin(turn: Turn, state: DialogueState) -> Outcome | None:
    """The intent asks for something to be offered. Until recommendation has answered there is nothing to offer."""
    intent = turn.intent
    name = None if intent is None else turn.bot.recommended_by(intent)
    if intent is None or name is None or not flows.admits(turn, state, intent):
        return None
    catalog = turn.bot.recommend[name].catalog
    before = (
        state.offer
        if state.offer is not None and state.offer.catalog == catalog
        else OfferState(action=name, catalog=catalog)
    )
    about = _text(turn, turn.bot.recommend[name], state)
    offer = before.model_copy(update={"action": name, "items": (), "query": about})
    text = flows.back(turn, state, turn.say(turn.bot.wording.offer_nothing))
    return Answer(text=text, kind="template"), state.model_copy(update={"topic": intent, "offer": offer})


def wish(turn: Turn, state: DialogueState, received: TurnReceived) -> RecommendItems | None:
    """What recommendation is asked for after ``others`` or ``begin``."""
    offer = state.offer
    if offer is None:
        return None
    how = turn.bot.recommend[offer.action]
    filters = list(_filters(how, state.slots))
    if offer.refused or offer.picked:
        filters.append({"type": "nin", "key": "item_id", "value": [*offer.refused, *offer.picked]})
    return RecommendItems(
        catalog=how.catalog,
        who=who(state, received.conversation_id),
        session=offer.picked,
        query=offer.query or None,
        n=how.items,
        filters={"type": "and", "filters": filters} if filters else None,
        diversity=how.diversity,
    )


def offered(turn: Turn, outcome: Outcome, found: ItemsRecommended) -> Outcome:
    """What is said once recommendation has answered: the items, numbered from 1."""
    answer, state = outcome
    if not found.items or state.offer is None:
        return outcome
    cards = tuple(
        OfferedCard(
            number=number,
            item_id=one.item_id,
            title=one.title or one.item_id,
            reason=None if one.reason is None else one.reason.kind,
        )
        for number, one in enumerate(found.items, 1)
    )
    listed = "\n".join(f"{card.number}. {card.title}" for card in cards)
    text = flows.back(turn, state, turn.say(turn.bot.wording.offer, items=listed))
    said = answer.model_copy(update={"text": text, "items": cards})
    return said, state.model_copy(update={"offer": state.offer.model_copy(update={"items": cards})})


def who(state: DialogueState, conversation_id: str) -> str:
    """Whose events count: the customer's with their consent; else those of this conversation alone, under a name that leads to nobody."""
    customer = state.customer.get("id")
    if customer:
        return f"u:{customer}"
    return f"s:chat-{blake2b(conversation_id.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"


def _rest_of_refusal(turn: Turn) -> str | None:
    """What a message says beside that something is not wanted: "not the second one"; ``None`` if it does not say so."""
    said, others_words = turn.words, turn.bot.control.others
    if turn.says(others_words):
        for phrase in sorted(map(in_words, others_words.words), key=len, reverse=True):
            said = said.replace(phrase, " ")
        return said
    return next((said.removeprefix(word) for word in _NOT if said.startswith(word)), None)


def _open(turn: Turn, state: DialogueState) -> OfferState | None:
    """The offer that the message may be about: none amid a flow, or where an intent was offered meanwhile."""
    here = state.offer is not None and state.offer.items and not state.flows and turn.picked is None
    return state.offer if here else None


def _text(turn: Turn, how: Recommend, state: DialogueState) -> str:
    """The text that items should be about."""
    told = [state.slots[name] for name in how.query if state.slots.get(name)]
    return " ".join((*told, turn.text) if how.by_message else told)[:_LONGEST_QUERY]


def _filters(how: Recommend, slots: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name, one in how.filters.items():
        value = slots.get(name)
        if value:
            yield from _filter(one.key, one.type, value)


def _filter(key: str, kind: str, value: str) -> Iterator[dict[str, Any]]:
    """A number in the slot equals a number of the item, and the same digits as a text; without one, an order says nothing."""
    found = numbers(value)
    number = float(found[0].value) if found else None
    if kind in ("eq", "ne"):
        alike = [value] if number is None or str(found[0].value) != value else [value, number]
        yield {"type": "in" if kind == "eq" else "nin", "key": key, "value": alike}
    elif number is not None:
        yield {"type": kind, "key": key, "value": number}
