"""After the model: what it writes, let through sentence by sentence until one breaks a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from shared.bot.guarding import Guards
from shared.contracts.chat.turns import GuardHit, GuardName
from shared.dialogue.guards.contacts import contacts
from shared.dialogue.guards.links import has_link, hosts
from shared.dialogue.guards.profanity import profanity
from shared.dialogue.guards.promises import Promise, numbers_in, promises
from shared.dialogue.guards.rules import one_form
from shared.dialogue.values.amounts import amounts
from shared.text.tokens import SENTENCE_END

#: Characters without the end of a sentence after which one is judged all the same.
_LONGEST = 600
#: Characters of a withheld sentence that are kept for whoever reviews it.
_KEPT = 500


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer may repeat.

    Attributes:
        words: Of the bot file and the passages, in small letters.
        numbers: That stand in them.
        prices: Of these, those of amounts of money.
        contacts: That stand in them, or were told by the customer; see ``contacts``.
        hosts: Of their links.
        borne_out: The words of an answer were compared with the passages already: only its numbers are looked at.
    """

    words: str = ""
    numbers: frozenset[str] = frozenset()
    prices: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    borne_out: bool = False

    @classmethod
    def of(cls, texts: Iterable[str], said: Iterable[str] = (), *, borne_out: bool = False) -> Facts:
        """From the texts of the team, and from what the customer has said."""
        known = one_form("\n".join(texts))
        priced = (numbers_in(found.value) or [found.value.casefold()] for found in amounts(known))
        return cls(
            words=" ".join(known.casefold().split()),
            numbers=frozenset(numbers_in(known)),
            prices=frozenset(one for some in priced for one in some),
            contacts=frozenset(one for text in (known, *said) for one in contacts(text)),
            hosts=frozenset(hosts(known)),
            borne_out=borne_out,
        )

    def know(self, promise: Promise) -> bool:
        """Whether the team itself promises so."""
        if promise.rule == "price":
            return self.prices.issuperset(promise.numbers)
        worded = self.borne_out or promise.words in self.words
        return worded and self.numbers.issuperset(promise.numbers)


def broken_rules(sentence: str, guards: Guards, facts: Callable[[], Facts]) -> Iterator[tuple[GuardName, str]]:
    """The guards that a sentence of an answer meets, each with its rule; ``facts`` is only asked if one might."""
    form = one_form(sentence)
    if (rule := profanity(form)) is not None:
        yield "profanity", rule
    if has_link(form, guards.allowed_links) and has_link(form, {*guards.allowed_links, *facts().hosts}):
        yield "links", "link"
    told = set(contacts(form))
    if told and not told <= facts().contacts:
        yield "contacts", "contact"
    for promise in promises(form):
        if not facts().know(promise):
            yield "promises", promise.rule
            return


class AnswerGate:
    """Takes an answer as it comes and gives on whole sentences. The first one that breaks a rule which blocks ends it.

    Args:
        guards: Of the bot.
        facts: What the answer may repeat; asked once, and only if a sentence needs it.
        in_sentences: Whether it comes in whole sentences already.
    """

    def __init__(self, guards: Guards, facts: Callable[[], Facts], *, in_sentences: bool = False) -> None:
        self._in_sentences = in_sentences
        self._guards = guards
        self._ask = facts
        self._facts: Facts | None = None
        self._waiting = ""
        self.hits: list[GuardHit] = []
        self.refused = False
        """Whether the answer was ended."""

    def feed(self, piece: str) -> str:
        """Take some more; returns what can be said now."""
        if not self._guards.watch_answers:
            return piece
        self._waiting += piece
        said = ""
        while not self.refused and (end := self._end_of_first()):
            sentence, self._waiting = self._waiting[:end], self._waiting[end:]
            said += self._judged(sentence)
        return said

    def end(self) -> str:
        """The answer is complete; returns what is left to be said."""
        rest, self._waiting = self._waiting, ""
        return self._judged(rest) if rest and not self.refused else ""

    def _judged(self, sentence: str) -> str:
        for name, rule in broken_rules(sentence, self._guards, self._known):
            action = getattr(self._guards.answers, name)
            if action == "off":
                continue
            blocked = action == "block"
            kept = sentence.strip()[:_KEPT] if blocked else ""
            self.hits.append(GuardHit(guard=name, rule=rule, side="answer", blocked=blocked, withheld=kept))
            if blocked:
                self.refused = True
                return ""
        return sentence

    def _end_of_first(self) -> int:
        return len(self._waiting) if self._in_sentences else _end_of_first(self._waiting)

    def _known(self) -> Facts:
        if self._facts is None:
            self._facts = self._ask()
        return self._facts


def _end_of_first(text: str) -> int:
    """Where the first sentence ends for sure; 0 if it may go on."""
    match = SENTENCE_END.search(text)
    if match is not None and match.end() < len(text) and not text[match.end() :].startswith("["):
        return match.end()
    return len(text) if len(text) >= _LONGEST else 0
