"""Before the model: what a customer's message breaks."""

from __future__ import annotations

from collections.abc import Callable

from shared.bot.guarding import Guards
from shared.contracts.chat.turns import GuardHit, GuardName
from shared.dialogue.guards.injection import injection
from shared.dialogue.guards.links import has_link
from shared.dialogue.guards.profanity import profanity
from shared.dialogue.guards.rules import one_form
from shared.dialogue.guards.self_harm import self_harm

#: The first rule that a message breaks, by guard; what matters most comes first.
MESSAGE_GUARDS: dict[GuardName, Callable[[str], str | None]] = {
    "self_harm": self_harm,
    "injection": injection,
    "profanity": profanity,
    "links": lambda text: "link" if has_link(one_form(text)) else None,
}


def seen(guards: Guards, text: str) -> tuple[GuardHit, ...]:
    """What guards of a bot see in a message; those that are off see nothing."""
    hits = []
    for name, look in MESSAGE_GUARDS.items():
        action = getattr(guards, name)
        rule = None if action == "off" else look(text)
        if rule is not None:
            hits.append(GuardHit(guard=name, rule=rule, side="message", blocked=action == "block"))
    return tuple(hits)
