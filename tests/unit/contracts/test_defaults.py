"""What holds its default does not travel: were a default to change, two releases side by side would read two things in one message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from pydantic_core import to_jsonable_python

from shared import contracts
from shared.contracts.message import Value

RECORDED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "defaults.json").read_text())


def models() -> Iterator[type[Value]]:
    """Every message and every part of one. (The request of a job is none: it is stored whole.)"""
    for found in walk_packages(contracts.__path__, f"{contracts.__name__}."):
        module = import_module(found.name)
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Value) and value.__module__ == module.__name__:
                yield value


def defaults(model: type[Value]) -> dict[str, Any]:
    found = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    return {name: shown(default) for name, default in found.items()}


def shown(default: object) -> Any:
    """As JSON. Of a value inside a value only what differs from its own defaults: it may get more fields."""
    if isinstance(default, Value):
        return default.model_dump(mode="json", exclude_defaults=True)
    return to_jsonable_python(default)


PRESENT = {model.__name__: found for model in models() if (found := defaults(model))}


def test_names_are_unique() -> None:
    assert len({model.__name__ for model in models()}) == len(list(models()))


@pytest.mark.parametrize("name", RECORDED)
def test_a_default_never_changes(name: str) -> None:
    present = {field: PRESENT.get(name, {}).get(field, "(gone)") for field in RECORDED[name]}
    assert present == RECORDED[name], "keep the default, and add another field if its meaning has to change"


@pytest.mark.parametrize("name", PRESENT)
def test_every_default_is_recorded(name: str) -> None:
    missing = {field: default for field, default in PRESENT[name].items() if field not in RECORDED.get(name, {})}
    assert not missing, f"add these to {name} in defaults.json, for ever: {json.dumps(missing)}"
