"""The settings of a generation process: read from ``PARLEY_*``."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field

from shared.inference.session import Device
from shared.settings import Engines, PlatformSettings, SpeechEngines


class GenerationSettings(PlatformSettings):
    """How a process takes its work; what it says is a matter of the bot file."""

    batch_size: Annotated[int, Field(ge=1, le=1024)] = 64
    """Messages taken from the queue at once."""
    inference_device: Device = "cpu"
    """Where language models run; ``cuda`` demands a GPU."""
    inference_threads: Annotated[int, Field(ge=1, le=256)] = os.cpu_count() or 1
    """Threads inside one step of a language model."""
    language_models: Annotated[int, Field(ge=1, le=64)] = 2
    """Language models kept in memory, the least recently asked one leaving first."""
    language_model_slots: Annotated[int, Field(ge=1, le=1024)] = 16
    """Answers that each writes at once; more wait."""
    language_model_context: Annotated[int, Field(ge=16)] | None = None
    """Tokens that prompt and answer may have together; empty: what the model can. The cache of every slot has that size."""
    answers_limit: Annotated[int, Field(ge=1, le=4096)] = 64
    """Requests to language models that a process takes at once; more wait in the queue."""
    turn_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """How long a language model may take for the answer of a bot; then the next step of the policy has its turn."""
    knowledge_file_bytes: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    """Largest file that is read into a vector store."""
    knowledge_index_chunks: Annotated[int, Field(ge=100)] = 200_000
    """Chunks that a vector store may have, and that the indexes of a process hold together, the least recently searched store leaving
    first. A chunk takes some 2 kB."""
    knowledge_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    """How long nlu may take for the vectors of some texts."""
    recommendation_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 5.0
    """How long recommendation may take for the items that a bot offers."""
    knowledge_lease_seconds: Annotated[float, Field(gt=1, le=3600)] = 30.0
    """Time after which a document whose reader has died is taken over by another."""
    media_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """How long reading a picture may take."""
    media_at_once: Annotated[int, Field(ge=1, le=64)] = 2
    """Pictures that a process reads at once, each in a process of its own; more wait in the queue."""
    sound_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    """How long writing down a piece of a sound, or speaking a text, may take."""
    sound_longest_seconds: Annotated[float, Field(gt=0, le=14_400)] = 3600.0
    """Longest sound that is written down."""
    sound_piece_seconds: Annotated[float, Field(ge=10, le=3600)] = 120.0
    """A longer sound is cut into such pieces, at pauses; who dies in the middle of one costs that piece."""
    voice_model: str | None = None
    """Folder of a Whisper model in CTranslate2 form on this machine; empty: the packaged one, which hears English."""
    speech_engines: SpeechEngines = Field(default_factory=dict)
    """Engines that speak, as JSON by name: ``{"url": …}`` of an OpenAI-compatible one, or ``{"command": […]}`` of this machine."""
    engines: Engines = Field(default_factory=dict)
    """OpenAI-compatible engines that serve as language models; the gateway needs the same setting."""
