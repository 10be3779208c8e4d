from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import FP32_MODEL
from shared.errors import BrokenArtifact, SettingsError, Unavailable
from shared.inference.session import PROVIDERS, OnnxSession, check_providers

IDS = np.array([[101, 7592, 102, 0], [101, 7592, 2045, 102]], dtype=np.int64)
MASK = np.array([[1, 1, 1, 0], [1, 1, 1, 1]], dtype=np.int64)


def test_every_head_comes_back_by_name(bundle: Bundle) -> None:
    outputs = OnnxSession.open(bundle.path(FP32_MODEL)).run(IDS, MASK)
    shapes = {name: value.shape for name, value in outputs.items()}
    assert shapes == {"intent": (2, 6), "tags": (2, 4, 5), "sentiment": (2, 3), "sentence_embedding": (2, 32)}


def test_a_closed_session_says_so(bundle: Bundle) -> None:
    session = OnnxSession.open(bundle.path(FP32_MODEL))
    session.close()
    session.close()
    with pytest.raises(Unavailable, match="closed"):
        session.run(IDS, MASK)


@pytest.mark.parametrize("content", [None, b"", b"garbage", b"\x08\x08"])
def test_a_file_that_is_no_model_is_a_broken_artifact(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / FP32_MODEL
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BrokenArtifact, match=FP32_MODEL):
        OnnxSession.open(path)


def test_the_cpu_is_always_there() -> None:
    check_providers(PROVIDERS["cpu"])


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="onnxruntime-gpu is there")
def test_a_gpu_that_is_not_there_is_an_error_and_never_the_cpu(bundle: Bundle) -> None:
    with pytest.raises(SettingsError, match="PARLEY_INFERENCE_DEVICE=cpu") as caught:
        check_providers(PROVIDERS["cuda"])
    assert caught.value.param == "PARLEY_INFERENCE_DEVICE"
    with pytest.raises(SettingsError, match="CUDAExecutionProvider"):
        OnnxSession.open(bundle.path(FP32_MODEL), providers=PROVIDERS["cuda"])
