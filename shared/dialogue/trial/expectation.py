"""What was expected of a turn, held against what came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.contracts.chat.turns import Answer, DialogueState
from shared.contracts.chat.understanding import Understanding
from shared.dialogue.trial.dialogue_file import Expectation, Said, found
from shared.dialogue.values.words import in_words


def misses(said: Said, understanding: Understanding, answer: Answer, state: DialogueState) -> list[str]:
    """What did not come, a sentence each; nothing if the turn is right."""
    came = _misses(said, understanding, answer, state)
    if not said.any_of:
        return list(came)
    ways = [list(_misses(way, understanding, answer, state)) for way in said.any_of]
    return [*came, *(min(ways, key=len) if all(ways) else ())]


def _misses(expected: Expectation, understanding: Understanding, answer: Answer, state: DialogueState) -> Iterator[str]:
    flow = state.flows[-1] if state.flows else None
    yield from _one_of("intent", expected.intent, understanding.intent.name if understanding.intent else None)
    yield from _one_of("kind", expected.kind, answer.kind)
    yield from _one_of("flow", expected.flow, flow.flow if flow else None)
    yield from _one_of("asked", expected.asked, flow.asked if flow else None)
    yield from _one_of(
        "sentiment", expected.sentiment, understanding.sentiment.label if understanding.sentiment else None
    )
    if expected.confirming is not None:
        yield from _one_of("confirming", (expected.confirming,), flow is not None and flow.confirming)
    values = flow.slots if flow else state.slots
    for name, ways in expected.slots.items():
        yield from _one_of(f"slots.{name}", ways, values.get(name))
    for label, texts in expected.entities.items():
        came = [span.text for span in understanding.entities if span.label == label]
        if not any(_is_same(text, one) for text in texts for one in came):
            yield f"entities.{label}: expected {_shown(texts)}, came {', '.join(came) or 'none'}"
    yield from (
        f"text: expected {pattern!r}, came {answer.text!r}"
        for pattern in expected.text
        if not found(pattern, answer.text)
    )
    yield from (
        f"not_text: found {pattern!r} in {answer.text!r}"
        for pattern in expected.not_text
        if found(pattern, answer.text)
    )


def _one_of(name: str, ways: Sequence[object], came: object) -> Iterator[str]:
    if ways and not any(_is_same(way, came) for way in ways):
        yield f"{name}: expected {_shown(ways)}, came {_shown([came])}"


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one == other or (in_words(one) == in_words(other) != "")
    return one == other


def _shown(ways: Sequence[object]) -> str:
    return " or ".join("none" if way is None else str(way) for way in ways)
