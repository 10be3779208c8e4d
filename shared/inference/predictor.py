"""What any model can be asked, whatever its task: rows without labels in, answers out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import TOKENIZER, Manifest
from shared.contracts.training.tasks import TaskName
from shared.inference.session import CPU, OnnxSession
from shared.inference.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one row.

    Attributes:
        answer: As JSON has it; its fields are the task's.
        tokens: Read for it, special tokens included.
    """

    answer: Mapping[str, Any]
    tokens: int


@runtime_checkable
class Predictor(Protocol):
    """A model ready to be asked. Safe to use from many threads at once."""

    @property
    def model_id(self) -> str:
        """The id of the model."""

    @property
    def task(self) -> TaskName:
        """What it was trained for."""

    def predict(self, rows: Sequence[Any]) -> list[Prediction]:
        """One prediction for each input of the model's task, in order."""

    def close(self) -> None:
        """Free what the model holds; it is asked no more."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a model is served by.

    Attributes:
        manifest: Of its bundle.
        tokens: Its tokenizer.
        session: Its graph.
        threads: How many runs may go on side by side in one call.
        on_gpu: Whether the session runs there.
    """

    manifest: Manifest
    tokens: Tokens
    session: OnnxSession
    threads: int = 1
    on_gpu: bool = False

    @classmethod
    def of(cls, bundle: Bundle, *, threads: int = 1, providers: Sequence[str] = CPU) -> Self:
        """Load a bundle.

        Raises:
            BrokenArtifact: A file is missing, or not what it should be.
            SettingsError: The first provider is not there.
        """
        manifest, on_gpu = bundle.manifest, providers[0] != CPU[0]
        session = OnnxSession.open(bundle.served(on_gpu=on_gpu), providers=providers)
        tokens = Tokens.from_file(bundle.path(TOKENIZER), manifest.max_length)
        return cls(manifest, tokens, session, threads, on_gpu)


OpenPredictor = Callable[[Parts], Predictor]
"""Makes a predictor of a model of some task; raises ``BrokenArtifact`` where graph and manifest do not fit."""


class OpenBundle(Protocol):
    """Opens the models of a task."""

    def __call__(self, bundle: Bundle, *, threads: int, providers: Sequence[str]) -> Predictor:
        """Load a model, warm.

        Raises:
            BrokenArtifact: Its files do not fit together.
            SettingsError: The first provider is not there.
        """


def of_parts(predictor: OpenPredictor) -> OpenBundle:
    """Of the tasks whose models are an encoder's graph, a tokenizer and what the manifest says."""

    def opened(bundle: Bundle, *, threads: int, providers: Sequence[str]) -> Predictor:
        return predictor(Parts.of(bundle, threads=threads, providers=providers))

    return opened
