"""Settings shared by every process. A service's ``settings.py`` extends these; nothing else reads the environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.contracts.media import AudioFormat
from shared.errors import NotFound, SettingsError

MEMORY_BROKER = "memory://"


class EngineAddress(BaseModel):
    """An engine that speaks the OpenAI API.

    Attributes:
        url: With the version, e.g. ``http://gpu-1:8000/v1``.
        model: What the engine calls its model; callers may name another as ``ENGINE/MODEL``.
        key: What it is asked with.
        timeout_seconds: Silence after which it counts as away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$")]
    model: str = ""
    key: SecretStr | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0


def _read_engines(value: object) -> object:
    """JSON, or ``NAME=URL`` with commas between."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return json.loads(value)
    pairs = [pair.strip().partition("=") for pair in value.split(",") if pair.strip()]
    return {name.strip(): {"url": url.strip()} for name, _, url in pairs}


def _not_ours(name: str) -> str:
    if name == "parley":
        raise ValueError("'parley' is the platform's own name; call the engine something else")
    return name


EngineName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$"), AfterValidator(_not_ours)]
Engines = Annotated[Mapping[EngineName, EngineAddress], NoDecode, BeforeValidator(_read_engines)]
"""Engines by name: ``{"NAME": {"url": …, "model": …, "key": …}}``, or ``NAME=URL,NAME=URL``."""


SpeechEngineName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class SpeechEngine(BaseModel):
    """One of the two.

    Attributes:
        url: Of an engine with ``/audio/speech``, with the version: ``http://tts-1:8000/v1``.
        model: What it calls its model.
        key: What it is asked with.
        command: Program and arguments; the text comes on its standard input, the sound leaves on its standard output. ``{voice}``,
            ``{speed}`` and ``{format}`` in an argument are replaced; no shell sees any of it.
        formats: That it makes.
        voices: That may be asked for; without any, every one may.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None
    model: str = "tts-1"
    key: SecretStr | None = None
    command: Annotated[tuple[str, ...], Field(max_length=64)] = ()
    formats: Annotated[tuple[AudioFormat, ...], Field(min_length=1)] = ("wav",)
    voices: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.url is None) == (not self.command):
            raise ValueError("a speech engine has either 'url' or 'command'")
        return self


def _read_speech_engines(value: object) -> object:
    return json.loads(value) if isinstance(value, str) and value.strip() else (value or {})


SpeechEngines = Annotated[Mapping[SpeechEngineName, SpeechEngine], NoDecode, BeforeValidator(_read_speech_engines)]
"""By name: ``{"NAME": {"command": ["espeak-ng", "--stdin", "--stdout"]}}``."""


def speech_engine(engines: Mapping[str, SpeechEngine], name: str) -> SpeechEngine:
    """The engine of a name.

    Raises:
        NotFound: There is no such engine.
    """
    if name not in engines:
        known = ", ".join(sorted(engines)) or "none is declared (PARLEY_SPEECH_ENGINES)"
        raise NotFound(f"No speech engine {name!r}; there are: {known}.", param="model")
    return engines[name]


def _read_networks(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _write_networks(networks: tuple[IPv4Network | IPv6Network, ...]) -> str:
    """As in the environment: settings are handed on to processes that are started."""
    return ",".join(str(network) for network in networks)


Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_read_networks), PlainSerializer(_write_networks)
]
"""Networks with commas between: ``10.0.0.0/8,192.168.1.7/32``."""


class Login(BaseModel):
    """A login to a server that sources are read from.

    Attributes:
        host: To which alone it is ever sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, StringConstraints(min_length=1)]
    username: str
    password: SecretStr


class PlatformSettings(BaseSettings):
    """Where a Parley keeps its things and how it talks: read from ``PARLEY_*``."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore", frozen=True)

    environment: Literal["development", "production"] = "development"
    home: Path = Path("~/.parley")
    """Folder of the embedded platform's database, artifacts and credentials."""
    broker_url: str = MEMORY_BROKER
    """``memory://`` or an ``amqp://`` address."""
    broker_prefix: str = Field(default="", pattern=r"^[a-z0-9_.-]*$")
    """Put before every exchange and queue, so that several Parleys can share a broker."""
    database_url: str = ""
    """``sqlite:///…`` or ``postgresql://…``; empty: ``parley.db`` in the home folder."""
    artifacts_url: str = ""
    """``file://…`` or ``s3://…``; empty: ``artifacts`` in the home folder."""
    outbound_networks: Networks = Field(default_factory=tuple)
    """Private networks that webhooks and the like may call; public addresses they may call anyway."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    traces_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s?#@]+)?$")] = ""
    """Collector of traces, OTLP over HTTP: ``http://collector:4318/v1/traces``; empty: nothing is traced."""
    traces_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of requests and jobs that are traced."""
    health_port: int = Field(default=0, ge=0, le=65535)
    """Port on which a service without HTTP of its own answers ``/health`` and ``/metrics``; ``0``: none."""

    @field_validator("home")
    @classmethod
    def _expand_home(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @model_validator(mode="after")
    def _refuse_default_secrets(self) -> Self:
        if self.environment == "production" and "guest:guest@" in self.broker_url:
            raise ValueError("PARLEY_BROKER_URL uses RabbitMQ's default password; give the broker an own user")
        return self

    @property
    def database(self) -> str:
        """The database URL with the default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'parley.db'}"

    @property
    def artifacts(self) -> str:
        """The artifacts URL with the default filled in."""
        return self.artifacts_url or f"file://{self.home / 'artifacts'}"


SettingsT = TypeVar("SettingsT", bound=PlatformSettings)


def read_settings(kind: type[SettingsT], **overrides: object) -> SettingsT:
    """Build settings from the environment.

    Raises:
        SettingsError: A value is wrong; the message names every key and value at fault.
    """
    try:
        return kind(**overrides)  # type: ignore[arg-type]  # values are validated, that is the point
    except ValidationError as error:
        raise SettingsError("; ".join(_describe(item) for item in error.errors())) from None


def _describe(item: object) -> str:
    assert isinstance(item, dict)  # noqa: S101  # pydantic's ErrorDetails
    where = ".".join(str(part) for part in item["loc"])
    if not where:
        return str(item["msg"]).removeprefix("Value error, ")
    secret = any(word in where.lower() for word in ("key", "secret", "password", "url", "uri", "engines", "logins"))
    shown = "(not shown)" if secret else repr(item["input"])
    return f"PARLEY_{where.upper()}={shown}: {item['msg']}"
