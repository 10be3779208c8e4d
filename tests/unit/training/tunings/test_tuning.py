from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tunings import tuning
from services.training.tunings.tuning import LowRankLinear, RememberedStates
from shared.contracts.jobs import Tuning
from tests.unit.training.tiny_base import ROWS, WIDTH, recipe, tiny_base

IDS = torch.tensor([[101, 7592, 2088, 102], [101, 2088, 102, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
WORDS = torch.tensor([101, 102, 2088])


@pytest.fixture
def model(tmp_path: Path) -> JointModel:
    return JointModel.load(tiny_base(tmp_path / "base"), LabelSpace.of(ROWS), dropout=0.0)


def trained_names(model: JointModel) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def outputs(model: JointModel) -> list[Tensor]:
    model.eval()
    with torch.no_grad():
        return [tensor for tensor in model(IDS, MASK) if tensor is not None]


def test_full_tuning_trains_every_weight_but_those_of_words_that_do_not_occur(model: JointModel) -> None:
    every = {name for name, _ in model.named_parameters()}

    groups = tuning.apply(model, recipe(), WORDS)

    assert trained_names(model) == every
    assert sum(len(group["params"]) for group in groups) == len(every)
    assert model.word_embeddings.shape == (len(WORDS), WIDTH)


def test_biases_and_norms_do_not_decay_and_heads_learn_faster(model: JointModel) -> None:
    groups = tuning.apply(model, recipe(), WORDS)

    assert {group["weight_decay"] for group in groups for weight in group["params"] if weight.ndim == 1} == {0.0}
    assert {group["weight_decay"] for group in groups for weight in group["params"] if weight.ndim == 2} == {0.01}
    assert model.tags is not None
    (rate,) = {group["lr"] for group in groups if any(weight is model.tags.weight for weight in group["params"])}
    assert rate == recipe().head_rate


def test_lora_trains_only_low_rank_updates_and_the_heads(model: JointModel) -> None:
    tuning.apply(model, recipe(Tuning(type="lora", rank=2)), WORDS)

    in_encoder = {name for name in trained_names(model) if name.startswith("encoder.")}
    assert {name.rpartition(".")[2] for name in in_encoder} == {"down", "up"}
    assert len(in_encoder) == 2 * 2 * 6  # layers, down and up, linear layers in each
    assert "tags.weight" in trained_names(model)


def test_low_rank_updates_are_made_where_their_layer_lies() -> None:
    layer = LowRankLinear(torch.nn.Linear(8, 4, device="meta"), rank=2, alpha=4, dropout=0.0)

    assert {parameter.device.type for parameter in layer.parameters()} == {"meta"}


def test_lora_starts_as_the_base_model(model: JointModel) -> None:
    before = outputs(model)

    tuning.apply(model, recipe(Tuning(type="lora")), WORDS)

    assert all(torch.equal(old, new) for old, new in zip(before, outputs(model), strict=True))


def test_merging_keeps_every_output_and_leaves_no_trace(model: JointModel) -> None:
    tuning.apply(model, recipe(Tuning(type="lora", rank=2, alpha=8)), WORDS)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, LowRankLinear):
                module.up.normal_()
    updated = outputs(model)

    tuning.merge(model)

    assert not any(isinstance(module, LowRankLinear) for module in model.modules())
    assert all(torch.allclose(old, new, atol=1e-5) for old, new in zip(updated, outputs(model), strict=True))


def test_merging_what_was_never_wrapped_changes_nothing(model: JointModel) -> None:
    before = outputs(model)

    assert all(torch.equal(old, new) for old, new in zip(before, outputs(tuning.merge(model)), strict=True))


def test_frozen_tuning_trains_heads_on_states_that_are_computed_once(model: JointModel) -> None:
    encoder = model.encoder
    calls: list[int] = []
    encoder.register_forward_hook(lambda *_: calls.append(1))
    tuning.apply(model, recipe(Tuning(type="frozen")), WORDS)

    first, second = outputs(model), outputs(model)

    assert not any(name.startswith(("encoder.", "projection.")) for name in trained_names(model))
    assert len(calls) == 1
    assert all(torch.equal(old, new) for old, new in zip(first, second, strict=True))
    assert tuning.merge(model).encoder is encoder


@torch.no_grad()
def test_remembered_states_are_those_of_the_encoder_to_half_precision(model: JointModel) -> None:
    wanted = model.encoder.eval()(input_ids=IDS, attention_mask=MASK).last_hidden_state

    remembered = RememberedStates(model.encoder)
    remembered(IDS, MASK)
    states = remembered(IDS.flip(0), MASK.flip(0)).last_hidden_state.flip(0)

    assert torch.allclose(states[MASK == 1], wanted[MASK == 1], atol=1e-2)


@torch.no_grad()
def test_states_beyond_the_capacity_are_computed_again(model: JointModel) -> None:
    one_text = 4 * WIDTH * 2
    remembered = RememberedStates(model.encoder, capacity=one_text)

    first = remembered(IDS, MASK).last_hidden_state
    calls: list[int] = []
    model.encoder.register_forward_hook(lambda *_: calls.append(1))

    assert torch.equal(remembered(IDS, MASK).last_hidden_state, first)
    assert len(calls) == 1


def test_frozen_encoder_stays_without_dropout_in_training(model: JointModel) -> None:
    tuning.apply(model, recipe(Tuning(type="frozen")), WORDS)

    model.train()

    assert model.training
    assert not any(module.training for module in model.encoder.encoder.modules())  # type: ignore[union-attr]
