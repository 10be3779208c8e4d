from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.training.models.base_models import base_path
from services.training.models.encoder import encoder_width
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from shared.artifacts.layout import MINILM
from shared.errors import TrainingFailed
from shared.tasks.nlu.row import Row
from tests.unit.training.tiny_base import ROWS, WIDTH, tiny_base

LABELS = LabelSpace.of(ROWS)
IDS = torch.tensor([[101, 7592, 2088, 102], [101, 2088, 102, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base") / "tiny")


def loaded(base: Path, labels: LabelSpace = LABELS) -> JointModel:
    return JointModel.load(base, labels, dropout=0.1).eval()


@torch.no_grad()
def test_every_head_has_a_column_per_label(base: Path) -> None:
    output = loaded(base)(IDS, MASK)

    assert output["intent"].shape == (2, 3)
    assert output["tags"].shape == (2, 4, 3)
    assert output["sentiment"].shape == (2, 3)
    assert output["sentence_embedding"].shape == (2, WIDTH)
    assert torch.allclose(output["sentence_embedding"].norm(dim=-1), torch.ones(2))


@torch.no_grad()
def test_heads_without_labels_are_not_there(base: Path) -> None:
    output = loaded(base, LabelSpace.of([Row("bad", sentiment="negative")]))(IDS, MASK)

    assert output.keys() == {"sentiment", "sentence_embedding"}


@torch.no_grad()
def test_padding_changes_nothing(base: Path) -> None:
    model = loaded(base)

    padded, alone = model(IDS, MASK), model(IDS[1:, :3], MASK[1:, :3])

    assert torch.allclose(padded["intent"][1], alone["intent"][0], atol=1e-5)
    assert torch.allclose(padded["sentiment"][1], alone["sentiment"][0], atol=1e-5)
    assert torch.allclose(padded["tags"][1, :3], alone["tags"][0], atol=1e-5)
    assert torch.allclose(padded["sentence_embedding"][1], alone["sentence_embedding"][0], atol=1e-5)


@torch.no_grad()
def test_untrained_embedding_of_minilm_is_that_of_its_authors() -> None:
    from sentence_transformers import SentenceTransformer  # takes seconds to load, and only here

    model = JointModel.load(base_path(MINILM), LABELS, dropout=0.1).eval()
    reference = SentenceTransformer(str(base_path(MINILM)), device="cpu")
    tokens = reference.tokenize(["where is my parcel?", "hello"])

    ours = model(tokens["input_ids"], tokens["attention_mask"])["sentence_embedding"]

    assert torch.allclose(ours, torch.from_numpy(reference.encode(["where is my parcel?", "hello"])), atol=1e-4)


@torch.no_grad()
def test_prototypes_classify_by_the_nearest_mean(base: Path) -> None:
    model = loaded(base)
    embeddings = torch.eye(WIDTH)[:4]
    intents = torch.tensor([1, 2, 0, -100])

    model.start_from_prototypes(embeddings, intents)

    assert model.intent is not None
    assert model.intent(embeddings[:3]).argmax(dim=-1).tolist() == [1, 2, 0]


@torch.no_grad()
def test_saved_encoder_starts_another_model_with_the_same_embedding(base: Path, tmp_path: Path) -> None:
    model = loaded(base)
    model.projection.weight += 0.1 * torch.randn(WIDTH, WIDTH)
    model.save(tmp_path)

    warm = loaded(tmp_path, LabelSpace.of([Row("bad", sentiment="negative")]))

    assert torch.allclose(warm(IDS, MASK)["sentence_embedding"], model(IDS, MASK)["sentence_embedding"], atol=1e-6)


@torch.no_grad()
def test_loading_twice_gives_the_same_new_heads(base: Path) -> None:
    first = loaded(base)(IDS, MASK)
    torch.manual_seed(99)

    assert torch.equal(first["tags"], loaded(base)(IDS, MASK)["tags"])


def test_a_directory_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="cannot be read"):
        JointModel.load(tmp_path, LABELS, dropout=0.1)


def test_the_width_is_read_before_the_weights_are(base: Path, tmp_path: Path) -> None:
    assert (encoder_width(base), encoder_width(base_path(MINILM))) == (WIDTH, 384)

    (tmp_path / "config.json").write_text('{"model_type": "no such architecture"}')
    with pytest.raises(TrainingFailed, match="cannot be read"):
        encoder_width(tmp_path)


def test_weights_that_are_no_safetensors_are_refused(base: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((base / "config.json").read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")

    with pytest.raises(TrainingFailed, match="cannot be read"):
        JointModel.load(tmp_path, LABELS, dropout=0.1)


def test_a_base_model_is_named_by_its_place_in_the_opened_folder(base: Path, tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "linked").symlink_to(base)

    assert base_path(str(base), base.parent) == base
    assert base_path(base.name, base.parent) == base
    assert base_path("acme/linked", tmp_path) == tmp_path / "acme" / "linked"


@pytest.mark.parametrize(
    "named", ["{base}", "../tiny", "acme/../../tiny", "..", ".", "", "/", "{opened}", "{opened}/../tiny"]
)
def test_nothing_outside_the_opened_folder_is_a_base_model(base: Path, named: str) -> None:
    opened = base.parent / "opened"
    (opened / "acme").mkdir(parents=True, exist_ok=True)

    with pytest.raises(TrainingFailed, match="PARLEY_BASE_MODELS") as refused:
        base_path(named.format(base=base, opened=opened), opened)

    assert refused.value.param == "model"


@pytest.mark.parametrize("model", ["/no/such/directory", "../up", "a b"])
def test_a_base_model_that_is_nowhere_is_refused_with_what_to_do(model: str, tmp_path: Path) -> None:
    for opened in (None, tmp_path):
        with pytest.raises(TrainingFailed, match="Ask the operator"):
            base_path(model, opened)
