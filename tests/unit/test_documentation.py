"""What the documents say of commands and settings is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.channels.settings import ChannelsSettings
from services.cli.__main__ import build
from services.console.settings import ConsoleSettings
from services.gateway.settings import GatewaySettings
from services.generation.settings import GenerationSettings
from services.monitoring.settings import MonitoringSettings
from services.nlu.settings import NluSettings
from services.recommendation.settings import RecommendationSettings
from services.training.settings import TrainingSettings
from shared.settings import PlatformSettings

ROOT = Path(__file__).parents[2]
KINDS = (
    GatewaySettings,
    NluSettings,
    GenerationSettings,
    RecommendationSettings,
    MonitoringSettings,
    ChannelsSettings,
    TrainingSettings,
    ConsoleSettings,
)


def documented() -> dict[str, str]:
    """Default by key, as the tables of the operations page show them."""
    rows = re.findall(r"^\| `(PARLEY_\w+)` \| (.*?) ?\|", (ROOT / "docs" / "operations.md").read_text("utf-8"), re.M)
    return {key: default.strip("`") for key, default in rows}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_setting_is_documented_with_its_default(kind: type[PlatformSettings]) -> None:
    table = documented()
    for name, field in kind.model_fields.items():
        shown = table[f"PARLEY_{name.upper()}"]
        if field.default_factory is None and "cores" not in shown:
            assert shown == ("" if field.default is None else str(field.default))


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {f"PARLEY_{name.upper()}" for kind in KINDS for name in kind.model_fields}
    assert documented().keys() - known == set()


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"\bmake ([a-z-]+)", readme)) - {"are"} <= targets
    app = build()
    names = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    names |= {group.name or "" for group in app.registered_groups}
    assert set(re.findall(r"bin/parley (\w+)", readme)) <= names
