"""Which files a search may look into."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from shared.contracts.knowledge.passages import Attribute, Comparison, Compound, Filters

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def holds(condition: Filters | None, attributes: Mapping[str, Attribute]) -> bool:
    """Whether a file with these attributes is meant. What it lacks is equal to nothing, and neither more nor less than anything."""
    if condition is None:
        return True
    if isinstance(condition, Compound):
        each = (holds(inner, attributes) for inner in condition.filters)
        return all(each) if condition.type == "and" else any(each)
    return _compares(condition, attributes.get(condition.key))


def _compares(condition: Comparison, value: Attribute | None) -> bool:
    wanted = condition.value
    if isinstance(wanted, tuple):
        among = any(_equal(value, one) for one in wanted)
        return among if condition.type == "in" else not among
    if condition.type in ("eq", "ne"):
        return _equal(value, wanted) == (condition.type == "eq")
    compare = _ORDER[condition.type]
    if _is_number(value) and _is_number(wanted):
        return compare(float(value), float(wanted))  # type: ignore[arg-type]  # both were just found to be numbers
    if isinstance(value, str) and isinstance(wanted, str):
        return compare(value, wanted)  # type: ignore[arg-type]  # texts have an order too
    return False


def _equal(value: Attribute | None, wanted: Attribute) -> bool:
    """A truth value is no number: ``True == 1`` in Python."""
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
