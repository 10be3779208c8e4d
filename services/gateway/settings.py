"""The gateway's settings: read from ``PARLEY_*``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import Engines, PlatformSettings, SpeechEngines

MEBIBYTE = 1024 * 1024


class GatewaySettings(PlatformSettings):
    """Address, first key, limits and patience of a gateway process."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """``0`` takes any free port."""
    share_port: bool = False
    """Several gateway processes of one host listen on the same port, and the kernel spreads the connections among them.
    One process uses hardly more than one core."""
    api_key: SecretStr | None = None
    """The admin key of the first start; ignored once there are keys. Without it one is made and printed once."""
    behind_proxy: bool = False
    """The address of a visitor is the last one in `X-Forwarded-For`, which the proxy before us has written."""
    requests_per_minute: Annotated[int, Field(ge=1)] = 6000
    """For each key that has no rate of its own, and for each gateway process."""
    json_limit_bytes: Annotated[int, Field(ge=1024)] = MEBIBYTE
    """Largest request body other than an upload."""
    message_limit_bytes: Annotated[int, Field(ge=1024)] = 12 * MEBIBYTE
    """Largest body of a chat or a response: pictures and sounds stand in it."""
    media_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 90.0
    """How long a caller waits for a picture to be read; then 504."""
    audio_limit_bytes: Annotated[int, Field(ge=1024)] = 25 * MEBIBYTE
    """Largest sound that is sent to be written down."""
    sound_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 330.0
    """How long a caller waits for a piece of a sound to be written down, or for a text to be spoken; then 504."""
    speech_engines: SpeechEngines = Field(default_factory=dict)
    """Engines that speak; generation needs the same setting, and only it asks them."""
    upload_limit_bytes: Annotated[int, Field(ge=1024)] = 512 * MEBIBYTE
    """Largest uploaded file."""
    lines_limit_bytes: Annotated[int, Field(ge=1024)] = 32 * MEBIBYTE
    """Largest body of JSON Lines: items and events of a catalog."""
    documents_limit_bytes: Annotated[int, Field(ge=1024)] = 64 * MEBIBYTE
    """Largest body of documents for a stream; it is taken in as it comes, and never held whole."""
    uploads_limit: Annotated[int, Field(ge=1)] = 8
    """Uploads that may be under way at once; then 429. Each may keep a whole file in the temporary folder."""
    audit_days: Annotated[int, Field(ge=30, le=36_500)] = 365
    """Days for which it is known who did what; the database itself refuses to forget the last 30."""
    slow_client_seconds: Annotated[float, Field(gt=0)] = 20.0
    """What a client may take for the head of a request, and for a body beyond what it takes at 10 kB/s; then 408. One that
    takes its answer more slowly is cut off."""
    request_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    """How long a caller waits for the services behind; then 504."""
    generation_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    """How long a language model may take for an answer, to its last token; then 504, or an error event in a stream."""
    engines: Engines = Field(default_factory=dict)
    """OpenAI-compatible engines that serve as language models; generation needs the same setting."""
    pending_limit: Annotated[int, Field(ge=1)] = 1024
    """Requests that may wait for an answer at once; then 429."""
    history_turns: Annotated[int, Field(ge=0, le=50)] = 10
    """Earlier turns of a conversation that travel with each turn."""
    threads: Annotated[int, Field(ge=1, le=256)] = 16
    """Threads for database and artifacts."""
    event_streams_limit: Annotated[int, Field(ge=1)] = 100
    """Event streams that may be open at once, and as many streams of responses that are written in the background; then 429."""
    sockets_limit: Annotated[int, Field(ge=1)] = 2_000
    """Conversations that customers may have open at once, over WebSockets or event streams; then 429."""
    background_responses: Annotated[int, Field(ge=1, le=256)] = 4
    """Responses that a process writes in the background at once."""
    background_limit: Annotated[int, Field(ge=1)] = 10_000
    """Responses that may wait to be written in the background; then 429."""
    batch_rows_at_once: Annotated[int, Field(ge=0, le=256)] = 8
    """Requests of a batch that this process makes at once while no others come; ``0``: it works at no batch."""
    batch_lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """Seconds after which another process goes on with the batch of one that died."""
    customer_retention_days: Annotated[float, Field(gt=0)] | None = None
    """Days without a word after which a customer is deleted, with every conversation; without it nobody is."""
    conversation_retention_days: Annotated[float, Field(gt=0)] | None = None
    """Days without a word after which a conversation is deleted, and answers that belong to none; without it none is."""
    shutdown_seconds: Annotated[int, Field(ge=1)] = 30
    """How long requests under way may take after SIGTERM."""
