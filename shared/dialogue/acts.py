"""What a message does in a dialogue beside what it tells: agree, refuse, stop, wait. An act needs its whole message.

Words that merely accompany ("please", "thanks", "well") are taken off its ends; what is left must be the act and nothing else. A yes with
a condition, a correction or a second wish is then no plain yes, whatever a model makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from shared.dialogue.values.words import in_words

_ACCOMPANYING = (
    "please pls plz thanks thank you thx well oh ah um uh er so then now just hey hi sorry actually really very much for i think guess say "
    "would it's it this that that's is here all everything whole thing the want to i'd i'll like let's let us can we could will my dear ok "
    "okay fine and both at once again sir madam do am 请 吧 了 谢谢 那 就"
)
_COURTESY = "please pls plz thanks thank you thx very much then well oh so 请 谢谢"
_LIMITING = (
    "but except if unless instead however although though not don't dont wait other different change only rather also without until before "
    "never wrong isn't no plus as long once provided assuming depends maybe perhaps possibly unsure guess suppose hmm hm think might"
)
#: Words that change nothing at the ends of an act.
_FILLERS = frozenset(_ACCOMPANYING.split())
#: Of these, the ones that are never an act themselves, as "ok" can be.
_POLITE = frozenset(_COURTESY.split())
#: Words by which a message limits, doubts or corrects what it says.
_QUALIFIERS = frozenset(_LIMITING.split())
_LIMITING_IN_CHINESE = re.compile("但|不过|如果|除非|只要|除了|改|也许|可能|大概|想想")
#: Words by which a value is called wrong.
_CORRECTING = "change wrong different other another mind incorrect mistake mistaken fix update isn't not"
_CORRECTIONS = frozenset(_CORRECTING.split())
#: Signs that change nothing at the ends of a Chinese act: "好的谢谢", "那就取消吧".
_CHINESE_FILLERS = re.compile(r"^(?:请|那|就|嗯|哦|啊)+|(?:谢谢你?|吧|了|啊|呀|哦|的话)+$")
_QUESTION = re.compile(r"[?？]\s*$")
_ASKS = re.compile(
    r"^(?:what|why|how|where|which|when|who|whose|can|could|would|will|do|does|did|is|are|was|should|may|must|have|has)\b(?!.*\b(?:please|thanks)\W*$)",
    re.IGNORECASE,
)
_ASKS_IN_CHINESE = re.compile(r"(?:什么|为什么|怎么|哪|谁|吗|呢|多少|几)")

#: Words beside a plea for time that leave it one: "hmm, let me look *that up*".
_BESIDE_A_PLEA = 3
_WAITS = re.compile(
    r"\b(?:(?:wait|hold on|hang on|one|just|give me|half|only) ?(?:a|an|one|me)? ?(?:sec|second|seconds|moment|minute|minutes|min|mins|bit)"
    r"|hold on|hang on|bear with me|let me (?:look|check|see|think|find|get|search|grab|ask)"
    r"|i(?:'ll| will| need to| have to|'m going to| must| want to)? ?(?:look|check|find|search|get) (?:it|that|this|for it)(?: up| out)?"
    r"|be right back|brb|looking for it|searching for it)\b|等一下|等等|稍等|等会|我看看|我找找|我查一下",
    re.IGNORECASE,
)
_LEAVES_IT = re.compile(
    r"\b(?:you (?:choose|decide|pick|tell me)|your (?:choice|call|pick)|up to you|surprise me|i (?:don't|do not) know|no idea|not sure"
    r"|whatever you (?:recommend|suggest|think|like|want)|what(?:ever)? (?:would|do) you recommend)\b|随便|你决定|你选|都行|都可以|不知道",
    re.IGNORECASE,
)


def core(words: str) -> str:
    """A message (``in_words``) without the words that only accompany it; all of it if nothing would be left."""
    kept = _stripped(words, _FILLERS) or _stripped(words, _POLITE) or words
    return _CHINESE_FILLERS.sub("", kept) or kept


def without_courtesy(words: str) -> str:
    """A message (``in_words``) without "please" and "thanks" at its ends."""
    return _stripped(words, _POLITE)


def _stripped(words: str, fillers: frozenset[str]) -> str:
    parts = words.split()
    first, last = 0, len(parts)
    while first < last and parts[first] in fillers:
        first += 1
    while last > first and parts[last - 1] in fillers:
        last -= 1
    return " ".join(parts[first:last])


def is_whole(words: str, phrase: str) -> bool:
    """Whether a message is a phrase and nothing else of weight: "stop please", "please cancel this"."""
    wanted, weighty = _known(phrase)
    return bool(wanted) and (words == wanted or _core_of_message(words) in (wanted, weighty))


@lru_cache(maxsize=4_096)
def _known(phrase: str) -> tuple[str, str]:
    """A phrase of the bot file in words, and its core: every turn is compared with all of them."""
    words = in_words(phrase)
    return words, core(words)


#: Of the message that is just being read: it is compared with every phrase.
_core_of_message = lru_cache(maxsize=8)(core)


def consists_of(words: str, phrases: Iterable[str]) -> bool:
    """Whether a message is made of phrases and fillers alone: "yes, that's right, thanks", "no, stop"."""
    rest = f" {' '.join(_CHINESE_FILLERS.sub('', word) or word for word in words.split())} "
    found = False
    for wanted in sorted((_known(phrase)[0] for phrase in phrases), key=len, reverse=True):
        while wanted and f" {wanted} " in rest:
            found, rest = True, rest.replace(f" {wanted} ", "  ")
    return found and _FILLERS.issuperset(rest.split())


def says(words: str, phrase: str) -> bool:
    """Whether a message (``in_words``) means a phrase: one word must be all of it but fillers, several may stand anywhere in it."""
    wanted, _ = _known(phrase)
    return is_whole(words, phrase) or (" " in wanted and f" {wanted} " in f" {words} ")


def is_qualified(text: str, words: str) -> bool:
    """Whether a message limits, corrects or asks, so that it agrees to nothing as it stands."""
    limits = not _QUALIFIERS.isdisjoint(words.split()) or _LIMITING_IN_CHINESE.search(text) is not None
    return limits or asks(text)


def corrects(words: str) -> bool:
    """Whether a message (``in_words``) calls something wrong."""
    return not _CORRECTIONS.isdisjoint(words.split())


def asks(text: str) -> bool:
    """Whether a message is a question."""
    stripped = text.strip()
    return any(sign.search(stripped) is not None for sign in (_QUESTION, _ASKS, _ASKS_IN_CHINESE))


def waits(text: str) -> bool:
    """Whether the customer asks for a moment."""
    return _WAITS.search(text) is not None


def only_waits(text: str) -> bool:
    """Whether a plea for a moment, or doubt, is all that a message is: "one second, I have to look it up", "I'm not sure yet"."""
    rest = in_words(_LEAVES_IT.sub(" ", _WAITS.sub(" ", text)))
    return (waits(text) or leaves_it(text)) and not asks(text) and len(rest.split()) <= _BESIDE_A_PLEA


def leaves_it(text: str) -> bool:
    """Whether the customer leaves the choice to others, or has none to make."""
    return _LEAVES_IT.search(text) is not None
