"""A bundle opens only as it was written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.artifacts.bundle import Bundle, write_bundle
from shared.artifacts.manifest import MANIFEST, Calibration, Labels, Manifest, Parity
from shared.contracts.training.jobs import JobSpec
from shared.errors import BrokenArtifact


def _manifest() -> Manifest:
    return Manifest(
        model_id="ft:minilm:parley::x1",
        base_model="minilm",
        created_at=1,
        data_sha256="0" * 64,
        spec=JobSpec(model="minilm", training_file="file-1"),
        job_id="ftjob-x1",
        labels=Labels(intents=("a", "b")),
        embedding_size=8,
        max_length=128,
        calibration=Calibration(),
        served_file="model.onnx",
        metrics={"intent_accuracy": 0.5},
        parity=Parity(max_abs_difference=1e-6, int8_scheme=None, int8_loss=None),
        files={},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"weights")
    (folder / "tokenizer.json").write_text("{}")
    write_bundle(folder, _manifest())
    return folder


def test_a_bundle_tells_what_was_written(folder: Path) -> None:
    bundle = Bundle.open(folder)
    assert bundle.manifest.labels.intents == ("a", "b")
    assert set(bundle.manifest.files) == {"model.onnx", "tokenizer.json"}
    assert bundle.path("model.onnx").read_bytes() == b"weights"
    with pytest.raises(BrokenArtifact, match=r"no other\.onnx"):
        bundle.path("other.onnx")


def _same_size(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"WEIGHTS")


def _truncated(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"weigh")


def _missing(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _foreign(folder: Path) -> None:
    (folder / "run.py").write_text("boom")


def _directory(folder: Path) -> None:
    (folder / "more").mkdir()


def _link(folder: Path) -> None:
    (folder / "model.onnx").rename(folder.parent / "elsewhere")
    (folder / "model.onnx").symlink_to(folder.parent / "elsewhere")


def _no_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def _edit(**changes: object) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        content = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps(content | changes))

    return tamper


def _rubbish(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"\xff[")


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (_same_size, "not what the manifest says"),
        (_truncated, "not what the manifest says"),
        (_missing, "lacks tokenizer.json"),
        (_foreign, r"does not name: run\.py"),
        (_directory, "does not name: more"),
        (_link, "no regular file"),
        (_no_manifest, "no bundle"),
        (_edit(format_version=2), "update Parley"),
        (_edit(served_file="model.int8.onnx"), r"lacks model\.int8\.onnx"),
        (_edit(surprise=1), "cannot be read"),
        (_rubbish, "not text"),
    ],
)
def test_a_tampered_bundle_is_refused(folder: Path, tamper: Callable[[Path], None], words: str) -> None:
    tamper(folder)
    with pytest.raises(BrokenArtifact, match=words):
        Bundle.open(folder)


def test_a_bundle_without_its_served_model_is_not_written(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    (folder / "model.onnx").unlink()
    with pytest.raises(BrokenArtifact, match=r"lacks model\.onnx"):
        write_bundle(folder, _manifest())
    assert not (folder / MANIFEST).exists()
