"""What the files of ``infra`` have to agree with: the services and their settings."""

from __future__ import annotations

from pathlib import Path

from services.channels.settings import ChannelsSettings
from services.cli.settings import CliSettings
from services.console.settings import ConsoleSettings
from services.gateway.settings import GatewaySettings
from services.generation.settings import GenerationSettings
from services.monitoring.settings import MonitoringSettings
from services.nlu.settings import NluSettings
from services.recommendation.settings import RecommendationSettings
from services.training.settings import TrainingSettings
from shared.settings import PlatformSettings

ROOT = Path(__file__).parents[3]

SETTINGS: dict[str, type[PlatformSettings]] = {
    "gateway": GatewaySettings,
    "nlu": NluSettings,
    "generation": GenerationSettings,
    "monitoring": MonitoringSettings,
    "channels": ChannelsSettings,
    "recommendation": RecommendationSettings,
    "training": TrainingSettings,
    "cli": CliSettings,
    "console": ConsoleSettings,
}


def unknown_keys(service: str, environment: set[str]) -> set[str]:
    """The ``PARLEY_…`` variables that the service does not read."""
    known = {f"PARLEY_{name.upper()}" for name in SETTINGS[service].model_fields}
    return {key for key in environment if key.startswith("PARLEY_")} - known


def version() -> str:
    """The version of Parley, which its images carry."""
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith("version = ")).split('"')[1]
