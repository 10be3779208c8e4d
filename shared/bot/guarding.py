"""What a bot does about messages that are no customer's, and about answers that nobody has allowed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from shared.bot.parts import Part, Texts

Action = Literal["off", "note", "block"]
"""Not look, or look and tell who reviews, or let it not through besides."""
Host = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z0-9.-]{1,253}$")]


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


class AnswerGuards(Part):
    """Looks at what a language model writes for the bot; what the bot file says itself is never looked at.

    Attributes:
        promises: Prices, discounts, refunds, things for free and guarantees that stand neither in the bot file nor in the passages.
        contacts: Addresses and numbers that neither the team nor the customer has told.
        links: To hosts that neither ``allowed_links`` nor the team's texts name.
        profanity: Swear words and insults.
    """

    promises: Action = "block"
    contacts: Action = "block"
    links: Action = "block"
    profanity: Action = "block"


class Guards(Part):
    """What is done about messages and answers that break a rule.

    Attributes:
        injection: Messages that are meant for a language model: orders to leave its instructions, to show them, to be somebody else.
        self_harm: Customers who may harm themselves; ``block`` answers with care and calls a person.
        profanity: Swear words and insults.
        links: In messages.
        answers: What a model writes.
        allowed_links: Hosts that answers may link to, with all under them.
        blocked: What a customer hears whose message is blocked; without it a sentence of ours in the language of the message.
        care: The same for one who may harm himself.
        withheld: What stands in the place of what a model may not say.
    """

    injection: Action = "block"
    self_harm: Action = "block"
    profanity: Action = "note"
    links: Action = "note"
    answers: AnswerGuards = AnswerGuards()
    allowed_links: Annotated[tuple[Host, ...], BeforeValidator(_as_list), Field(max_length=100)] = ()
    blocked: Texts = ()
    care: Texts = ()
    withheld: Texts = ()

    @property
    def watch_answers(self) -> bool:
        """Whether any guard looks at answers."""
        chosen = self.answers
        return any(one != "off" for one in (chosen.promises, chosen.contacts, chosen.links, chosen.profanity))
