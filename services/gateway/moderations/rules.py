"""What rules can see in a text: ways to reach somebody, links, and words that are meant for a language model. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.dialogue.guards.injection import injection
from shared.dialogue.guards.links import has_link
from shared.privacy.finding import find

RULES: Mapping[str, Callable[[str], bool]] = {
    "contacts": lambda text: bool(find(text)),
    "links": has_link,
    "prompt_injection": lambda text: injection(text) is not None,
}
"""Categories beside the convention's, with what sees them."""

HARMFUL_RULES = frozenset(("prompt_injection",))
"""Of these, what counts as harmful: a customer who leaves a phone number has done nothing wrong."""
