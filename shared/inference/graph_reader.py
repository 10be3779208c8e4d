"""What all models have in common that are served by one graph."""

from __future__ import annotations

from shared.artifacts.manifest import Manifest
from shared.contracts.training.tasks import TaskName
from shared.inference.batching import GPU_BATCH, BatchRunner
from shared.inference.predictor import Parts
from shared.inference.tokens import Tokens

#: Read when a model is opened, so that a graph that does not fit is found then, and the first caller does not pay for the warm-up.
WARM_UP = "Where is my order? 你好 🙂"


class GraphReader:
    """A graph with its tokenizer and its manifest.

    Args:
        parts: What the model is served by; closed with the reader.
        most: Texts of a run at most, where their outputs are large.
    """

    def __init__(self, parts: Parts, *, most: int = GPU_BATCH) -> None:
        self.manifest: Manifest = parts.manifest
        self.tokens: Tokens = parts.tokens
        self.runner = BatchRunner(
            parts.session, parts.tokens.pad_id, threads=parts.threads, on_gpu=parts.on_gpu, most=most
        )

    @property
    def model_id(self) -> str:
        """The id of the model."""
        return self.manifest.model_id

    @property
    def task(self) -> TaskName:
        """What it was trained for."""
        return self.manifest.task

    def close(self) -> None:
        """Free the model's memory."""
        self.runner.close()
