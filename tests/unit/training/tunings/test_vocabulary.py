from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tunings.vocabulary import SparseEmbedding, freeze_unused, restore
from tests.unit.training.tiny_base import ROWS, tiny_base

OCCURRING = torch.tensor([101, 102, 2088])
IDS = torch.tensor([[101, 7592, 2088, 102], [101, 2088, 102, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


@pytest.fixture
def encoder(tmp_path: Path) -> PreTrainedModel:
    encoder = JointModel.load(tiny_base(tmp_path / "base"), LabelSpace.of(ROWS), dropout=0.0).encoder
    assert isinstance(encoder, PreTrainedModel)
    encoder.train(mode=False)
    return encoder


def states(encoder: PreTrainedModel) -> Tensor:
    found: Tensor = encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state
    return found


def table_of(encoder: PreTrainedModel) -> Tensor:
    return encoder.get_input_embeddings().get_parameter("weight")


def test_every_text_is_read_as_before_whether_its_words_occur_or_not(encoder: PreTrainedModel) -> None:
    before = states(encoder)

    freeze_unused(encoder, OCCURRING)

    assert torch.equal(states(encoder), before)


def test_words_that_occur_learn_what_they_would_in_the_whole_table(encoder: PreTrainedModel) -> None:
    states(encoder).square().sum().backward()  # type: ignore[no-untyped-call]
    whole = table_of(encoder).grad

    freeze_unused(encoder, OCCURRING)
    states(encoder).square().sum().backward()  # type: ignore[no-untyped-call]

    assert whole is not None
    assert torch.allclose(table_of(encoder).grad, whole[OCCURRING])  # type: ignore[arg-type]


def test_what_was_learned_ends_in_the_table_and_nothing_else_does(encoder: PreTrainedModel) -> None:
    table, before = encoder.get_input_embeddings(), table_of(encoder).detach().clone()
    freeze_unused(encoder, OCCURRING)
    with torch.no_grad():
        table_of(encoder).add_(1)
    learned = states(encoder)

    restore(encoder)

    assert encoder.get_input_embeddings() is table
    assert torch.equal(table_of(encoder)[OCCURRING], before[OCCURRING] + 1)
    others = torch.ones(len(before), dtype=torch.bool).index_fill(0, OCCURRING, value=False)
    assert torch.equal(table_of(encoder)[others], before[others])
    assert torch.equal(states(encoder), learned)


class _Scaled(nn.Embedding):
    """As in Gemma: what is looked up is not what stands in the table."""

    def forward(self, input_ids: Tensor) -> Tensor:
        return 2 * super().forward(input_ids)


def test_a_table_that_does_more_than_look_up_is_trained_whole(encoder: PreTrainedModel) -> None:
    scaled = _Scaled(30522, 32)
    encoder.set_input_embeddings(scaled)

    freeze_unused(encoder, OCCURRING)
    restore(encoder)

    assert encoder.get_input_embeddings() is scaled
    assert not any(isinstance(module, SparseEmbedding) for module in encoder.modules())
