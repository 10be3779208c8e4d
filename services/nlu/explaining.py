"""What the words of a text did to its reading: each is left out once, and all that is left is read in one call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil

from shared.contracts.chat.explanations import ExplainDecision, ExplainTurn, NearestRow, Reading, WordEffect
from shared.contracts.chat.turns import TurnUnderstood
from shared.contracts.chat.understanding import Understanding
from shared.dialogue.turn_texts import TurnTexts
from shared.inference import reading
from shared.inference.reader import TextReader
from shared.text.tokens import CHINESE

#: Texts that an explanation reads at most beside the turn's own: so it costs no more than ten readings (measured by
#: ``python -m tests.load.explanations``). Of a longer text, words that stand together are left out together.
MOST = 20
#: About a word: two Chinese characters, or what stands between blanks without the signs around it.
_WORD = re.compile(rf"[{CHINESE}]{{1,2}}|[^\W{CHINESE}]+(?:['’\-.@][^\W{CHINESE}]+)*")

Span = tuple[int, int]


def explain(reader: reading.Reader, asked: ExplainTurn) -> ExplainDecision:
    """Read a turn again, and beside it the text without each of its words (occlusion: Zeiler & Fergus 2014, arXiv:1311.2901)."""
    texts, spans = TurnTexts.of(asked.turn), words(asked.turn.text)
    left = [(without(asked.turn.text, span), texts.context) for span in spans]
    all_texts = [*texts.asked, *left]
    contexts = [context for _, context in all_texts]
    read = reader.read([text for text, _ in all_texts], contexts if any(contexts) else None)
    own, occluded = read[: len(texts.asked)], read[len(texts.asked) :]
    understood = texts.understood([(one.understanding, one.embedding) for one in own])
    effects = [
        _effect(asked.turn.text, span, understood, one.understanding) for span, one in zip(spans, occluded, strict=True)
    ]
    nearest = _nearest(reader, own[0], asked.nearest)
    told = Reading(words=tuple(effects), nearest=nearest, tokens=sum(one.tokens for one in read))
    return ExplainDecision(
        understood=understood,
        reading=told,
        bot_version=asked.bot_version,
        answered_by=asked.answered_by,
        reasons=asked.reasons,
    )


def words(text: str) -> list[Span]:
    """The words of a text as half-open spans, at most ``MOST``: of more, as many together as it takes."""
    found = [match.span() for match in _WORD.finditer(text)]
    together = ceil(len(found) / MOST)
    groups = [found[start : start + together] for start in range(0, len(found), together or 1)]
    return [(group[0][0], group[-1][1]) for group in groups]


def without(text: str, *spans: Span) -> str:
    """The text without some spans, in ascending order; a blank before one goes with it."""
    kept, place = "", 0
    for start, end in spans:
        kept, place = kept + text[place:start].rstrip(), end
    return (kept + text[place:]).strip()


def _effect(text: str, span: Span, whole: TurnUnderstood, left: Understanding) -> WordEffect:
    understanding = whole.understanding
    intent, mood, mood_left = understanding.intent, understanding.sentiment, left.sentiment
    return WordEffect(
        start=span[0],
        end=span[1],
        text=text[slice(*span)],
        intent=None if intent is None else intent.confidence - _likely(left, intent.name),
        sentiment=None if mood is None or mood_left is None else mood.score - mood_left.score,
    )


def _likely(understanding: Understanding, intent: str) -> float:
    """The probability of an intent; of one that is not among the likeliest, about none."""
    return next((score.confidence for score in understanding.ranking if score.name == intent), 0.0)


def _nearest(reader: reading.Reader, read: reading.Reading, most: int) -> tuple[NearestRow, ...]:
    if not isinstance(reader, TextReader):
        return ()
    return tuple(
        NearestRow(text=row.text, intent=row.intent, similarity=similarity, labelled_by=row.labelled_by)
        for row, similarity in reader.nearest(read.embedding, most)
    )


def most_moving(effects: Sequence[WordEffect], most: int) -> list[WordEffect]:
    """The words that speak most for the intent, the strongest first."""
    speaking = [effect for effect in effects if effect.intent is not None and effect.intent > 0]
    return sorted(speaking, key=lambda effect: -(effect.intent or 0.0))[:most]
