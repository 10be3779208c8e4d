"""The gate's words about a model, and its refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from shared.errors import InvalidInput
from shared.storage.tables.core import Model


def check_gate(model: Model, *, force: bool) -> None:
    """Refuse a model that the gate refused.

    Raises:
        InvalidInput: It did, and nobody insists.
    """
    if force or model.gate is None or model.gate["passed"]:
        return
    raise InvalidInput(
        f"The gate refused {model.id}: {'; '.join(reasons(model.gate))}. Send 'force': true to promote it nevertheless.",
        param="force",
        code="gate_refused",
    )


def reasons(gate: Mapping[str, Any]) -> Iterator[str]:
    """Why it refused a model. What an older release stored knows no dialogues, no eval and no bias."""
    if gate["violations"]:
        yield _behind(gate)
    for told, words in _besides(gate):
        if told is not None and not told["passed"]:
            yield words(told)


def words_of(gate: Mapping[str, Any]) -> Iterator[str]:
    """Everything that it says of a model, whether it let it pass or not."""
    if gate["violations"]:
        yield _behind(gate)
    elif gate["production"] is not None:
        yield f"it does no worse than {gate['production']} on the test rows"
    for told, words in _besides(gate):
        if told is not None:
            yield words(told)


def _besides(gate: Mapping[str, Any]) -> Sequence[tuple[Any, Callable[[Mapping[str, Any]], str]]]:
    return (gate.get("eval"), _eval), (gate.get("dialogues"), _dialogues), (gate.get("bias"), _bias)


def _bias(told: Mapping[str, Any]) -> str:
    worst = max(told["groups"], key=lambda one: float(one["surely"]), default=None)
    if worst is None:
        return "no test row has words that can be swapped"
    return f"{worst['dimension']} {worst['group']!r} is answered otherwise, surely by {worst['surely']:.3f}; {told['budget']:.3f} is allowed"


def _behind(gate: Mapping[str, Any]) -> str:
    worse = [
        f"{violation['head']} {violation['label']}: {violation['candidate']:.3f} against {violation['production']:.3f}"
        for violation in gate["violations"]
    ]
    return f"it does worse than {gate['production']}: {', '.join(worse)}"


def _eval(told: Mapping[str, Any]) -> str:
    criteria = [
        f"{name} {one['difference']:+.3f} ({told['level']:.1%} interval {one['low']:+.3f} to {one['high']:+.3f})"
        for name, one in told["criteria"].items()
    ]
    asked = f"at least {told['least_gain']:+.3f} is asked for"
    return f"the eval {told['id']} on {told['rows']} rows: {', '.join(criteria)}; {asked}"


def _dialogues(told: Mapping[str, Any]) -> str:
    return f"{told['turns_right']} of {told['turns']} turns of its dialogues are right, {told['required']:.1%} must be"
