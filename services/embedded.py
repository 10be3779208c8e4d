"""The all-in-one process: every service in its own threads, on one in-process bus.

The only module that imports more than one service. Which database, artifacts and bus are used is decided by the same settings as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from services.channels import app as channels
from services.channels.settings import ChannelsSettings
from services.console.settings import ConsoleSettings
from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from services.generation import app as generation
from services.generation.settings import GenerationSettings
from services.monitoring import app as monitoring
from services.monitoring.settings import MonitoringSettings
from services.nlu import app as nlu
from services.nlu.settings import NluSettings
from services.recommendation import app as recommendation
from services.recommendation.settings import RecommendationSettings
from services.training import app as training
from services.training.settings import TrainingSettings
from shared.settings import read_settings


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a platform answers.

    Attributes:
        api: The public API.
        console: The pages for people, unless they were switched off.
    """

    api: str
    console: str | None


@contextmanager
def running(first_key: SecretStr) -> Iterator[Addresses]:
    """Start everything; yields where it answers.

    The gateway comes after the services, so that it only takes requests that somebody will answer. The console, a client of
    it, comes last and stops first.

    Args:
        first_key: The admin key of a platform that has no key yet.

    Raises:
        SettingsError: A setting of any service is wrong, or the address is taken.
    """
    with ExitStack() as stack:
        stack.enter_context(monitoring.running(read_settings(MonitoringSettings)))
        stack.enter_context(generation.running(read_settings(GenerationSettings)))
        stack.enter_context(nlu.running(read_settings(NluSettings)))
        stack.enter_context(recommendation.running(read_settings(RecommendationSettings)))
        stack.enter_context(training.running(read_settings(TrainingSettings)))
        stack.enter_context(channels.running(read_settings(ChannelsSettings)))
        api = stack.enter_context(serving(read_settings(GatewaySettings, api_key=first_key)))
        yield Addresses(api, _console(stack, api))


def _console(stack: ExitStack, api: str) -> str | None:
    settings = read_settings(ConsoleSettings, url=api)
    if not settings.console_port:
        return None
    from services.console import app as console  # its libraries take a second that nobody pays who wants no console

    return stack.enter_context(console.serving(settings))
