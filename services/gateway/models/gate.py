"""The gate's words about a model, and its refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    """Why it refused a model. What an older release stored knows no dialogues."""
    if gate["violations"]:
        worse = [
            f"{violation['head']} {violation['label']}: {violation['candidate']:.3f} against {violation['production']:.3f}"
            for violation in gate["violations"]
        ]
        yield f"it does worse than {gate['production']}: {', '.join(worse)}"
    dialogues = gate.get("dialogues")
    if dialogues is not None and not dialogues["passed"]:
        yield (
            f"{dialogues['turns_right']} of {dialogues['turns']} turns of its dialogues are right, "
            f"{dialogues['required']:.1%} must be"
        )
