"""One onnxruntime session: opened on exactly the device that was asked for, closed when told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native

from shared.errors import BrokenArtifact, SettingsError, Unavailable
from shared.inference.memory import give_back

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
Device = Literal["cpu", "cuda"]

CPU = ("CPUExecutionProvider",)
_CUDA = "CUDAExecutionProvider"
PROVIDERS: dict[Device, tuple[str, ...]] = {"cpu": CPU, "cuda": (_CUDA, *CPU)}

_UNLOADABLE = (
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NoSuchFile,
    native.NotImplemented,
    native.RuntimeException,
)


#: Name of the input that tells a text from its context.
_TYPES = "token_type_ids"

#: onnxruntime's level of what it writes to standard error.
_ERRORS = 3

#: The smallest model, y = x, to see whether a device can be used before there is a model to serve.
_IDENTITY = (
    b'\x08\x08:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01'
    b"b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\x11"
)


def check_providers(providers: Sequence[str]) -> None:
    """Make sure that models can run where they shall.

    Raises:
        SettingsError: The first provider is not there, or its libraries or its device are missing.
    """
    if providers[0] == _CUDA:
        # The CUDA libraries may be Python packages, where no loader looks for them.
        onnxruntime.preload_dlls()
    _session(_IDENTITY, providers, onnxruntime.SessionOptions())


def on_device(array: NDArray[Any], device: str) -> Any:
    """An array in the memory of a device (``cpu``, ``cuda``), to be bound to inputs."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(array, device, 0)


class OnnxSession:
    """An encoder with heads: ``input_ids``, ``attention_mask`` and ``token_type_ids`` in, one array per head out.

    A graph of an older release has no token types: it reads texts without what was said before them.

    ``run`` may be called by any number of threads at once; that, with one thread inside each call, gives more
    sentences per second on a busy CPU than many threads inside one call.
    """

    def __init__(self, session: Any) -> None:
        self._session: Any = session
        self._outputs = [output.name for output in session.get_outputs()]
        self.reads_context = _TYPES in {tensor.name for tensor in session.get_inputs()}

    @classmethod
    def open(cls, path: Path, *, threads: int = 1, providers: Sequence[str] = CPU) -> Self:
        """Load the model at ``path``.

        Args:
            path: An ONNX file.
            threads: Threads inside one ``run``.
            providers: Where to run, best first; the first is a demand, the others take what it cannot do.

        Raises:
            BrokenArtifact: The file is missing or no model that this onnxruntime can run.
            SettingsError: The first provider is not there.
        """
        return cls(open_session(path, threads=threads, providers=providers))

    def run(self, ids: IntArray, mask: IntArray, types: IntArray | None = None) -> dict[str, FloatArray]:
        """All heads for a padded batch.

        Args:
            ids: Token ids, [b, s].
            mask: 1 for tokens, 0 for padding, [b, s].
            types: 0 for tokens of the text, 1 for those of its context, [b, s]; without them there is no context.

        Returns:
            Each output that the model has: ``intent`` [b, I], ``tags`` [b, s, T], ``sentiment`` [b, S] and
            ``sentence_embedding`` [b, d] of length 1.

        Raises:
            Unavailable: The session is closed.
        """
        session = self._session
        if session is None:
            raise Unavailable("the model was closed; send the request again")
        feeds = {"input_ids": ids, "attention_mask": mask}
        if self.reads_context:
            feeds[_TYPES] = np.zeros_like(ids) if types is None else types
        values = session.run(self._outputs, feeds)
        return dict(zip(self._outputs, values, strict=True))

    def close(self) -> None:
        """Free the model's memory once the calls under way are done."""
        self._session = None
        give_back()


class OpenGraph:
    """Any graph, by the names of what it reads and gives. Safe to use from many threads at once."""

    def __init__(self, session: Any) -> None:
        self._session: Any = session
        #: Element types of what it reads, by name.
        self.types: dict[str, str] = {tensor.name: tensor.type for tensor in session.get_inputs()}
        self.inputs = [*self.types]
        self.outputs = [tensor.name for tensor in session.get_outputs()]

    def run(self, outputs: Sequence[str], feeds: Mapping[str, NDArray[Any]]) -> list[FloatArray]:
        """Some outputs, in order.

        Raises:
            Unavailable: It is closed.
        """
        session = self._session
        if session is None:
            raise Unavailable("the model was closed; send the request again")
        found: list[FloatArray] = session.run(list(outputs), dict(feeds))
        return found

    def close(self) -> None:
        """Free its memory once the calls under way are done."""
        self._session = None
        give_back()


def open_session(path: Path, *, threads: int = 1, providers: Sequence[str] = CPU) -> Any:
    """A session of onnxruntime for the model at ``path``, with the options that all our models run with.

    Args:
        path: An ONNX file.
        threads: Threads inside one run.
        providers: Where to run, best first; the first is a demand, the others take what it cannot do.

    Raises:
        BrokenArtifact: The file is missing or no model that this onnxruntime can run.
        SettingsError: The first provider is not there.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Every batch has another shape: a plan of its memory would be kept for each and hardly ever be used again.
    options.enable_mem_pattern = False
    try:
        return _session(str(path), providers, options)
    except _UNLOADABLE as error:
        raise BrokenArtifact(f"{path.name} cannot be loaded: {error}; fetch or train the model again") from error


def _session(model: str | bytes, providers: Sequence[str], options: Any) -> Any:
    _demand(providers[0], onnxruntime.get_available_providers())
    # Its warnings, in colours and past the log, are of graph nodes that a GPU leaves to the CPU: of no use to an operator.
    options.log_severity_level = _ERRORS
    session = onnxruntime.InferenceSession(model, options, providers=list(providers))
    # A GPU whose libraries are missing makes onnxruntime fall back to the CPU without an error.
    _demand(providers[0], session.get_providers()[:1])
    return session


def _demand(provider: str, present: Sequence[str]) -> None:
    if provider not in present:
        raise SettingsError(
            f"{provider} was demanded, but onnxruntime has only {', '.join(present)}; install onnxruntime-gpu with its "
            "CUDA libraries, or set PARLEY_INFERENCE_DEVICE=cpu",
            param="PARLEY_INFERENCE_DEVICE",
        )
