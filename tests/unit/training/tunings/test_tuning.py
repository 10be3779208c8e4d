from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from services.training.fitting.loop import parameter_groups
from services.training.models.task_model import TaskModel
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tunings.frozen import RememberedStates
from services.training.tunings.table import TUNINGS, tuning_of
from services.training.tunings.tuning import Tuning
from services.training.tunings.virtual_tokens import VirtualTokens
from shared.contracts.training.tunings import (
    AdaLora,
    Adapter,
    BitFit,
    Dora,
    Frozen,
    Full,
    Ia3,
    Lora,
    Prefix,
    Prompt,
    PTuning,
    Spec,
)
from shared.errors import TrainingFailed
from tests.unit.training.tiny_base import ROWS, WIDTH, recipe, tiny_base

IDS = torch.tensor([[101, 7592, 2088, 102], [101, 2088, 102, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
WORDS = torch.tensor([101, 102, 2088])

#: Tunings that begin as the base model reads, and those that leave nothing of themselves in it.
NEUTRAL: tuple[Spec, ...] = (Full(), BitFit(), Adapter(), Lora(), Dora(), AdaLora(), Ia3(), Frozen(layers=1))
MERGED: tuple[Spec, ...] = (
    Full(),
    BitFit(),
    Lora(rank=2, alpha=8),
    Dora(rank=2, alpha=8),
    AdaLora(rank=2, alpha=8),
    Ia3(),
    Frozen(layers=1),
)


def name_of(spec: Spec) -> str:
    return str(spec.model_dump()["type"])


@pytest.fixture
def model(tmp_path: Path) -> JointModel:
    return JointModel.load(tiny_base(tmp_path / "base"), LabelSpace.of(ROWS), dropout=0.0)


def apply(model: TaskModel, spec: Spec) -> Tuning:
    tuning = tuning_of(spec)
    tuning.apply(model, WORDS, 10)
    return tuning


def trained_names(model: TaskModel) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def in_encoder(model: TaskModel) -> set[str]:
    return {name for name in trained_names(model) if name.startswith("encoder.")}


def outputs(model: TaskModel) -> list[Tensor]:
    model.eval()
    with torch.no_grad():
        found: dict[str, Tensor] = model(IDS, MASK)
    return list(found.values())


def disturb(model: TaskModel) -> None:
    """Change what is trained in the encoder, as training would."""
    torch.manual_seed(3)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad and name.startswith("encoder."):
                weight.add_(0.1 * torch.randn_like(weight))


def test_full_tuning_trains_every_weight_but_those_of_words_that_do_not_occur(model: JointModel) -> None:
    every = {name for name, _ in model.named_parameters()}

    apply(model, Full())

    assert trained_names(model) == every
    assert sum(len(group["params"]) for group in parameter_groups(model, recipe())) == len(every)
    assert model.word_embeddings.shape == (len(WORDS), WIDTH)


def test_biases_and_norms_do_not_decay_and_heads_learn_faster(model: JointModel) -> None:
    apply(model, Full())
    groups = parameter_groups(model, recipe())

    assert {group["weight_decay"] for group in groups for weight in group["params"] if weight.ndim == 1} == {0.0}
    assert {group["weight_decay"] for group in groups for weight in group["params"] if weight.ndim == 2} == {0.01}
    assert model.tags is not None
    (rate,) = {group["lr"] for group in groups if any(weight is model.tags.weight for weight in group["params"])}
    assert rate == recipe().head_rate


def test_low_rank_tuning_trains_only_its_updates_and_the_heads(model: JointModel) -> None:
    apply(model, Lora(rank=2))

    assert all(".lora_A." in name or ".lora_B." in name for name in in_encoder(model))
    assert len(in_encoder(model)) == 2 * 2 * 6  # layers, down and up, linear layers in each
    assert "tags.weight" in trained_names(model)


def test_adalora_gives_its_budget_to_where_it_is_needed(model: JointModel) -> None:
    tuning = tuning_of(AdaLora(rank=4))
    tuning.apply(model, WORDS, 10)
    values = [weight for name, weight in model.encoder.named_parameters() if "lora_E" in name]
    assert sum(len(value) for value in values) == 6 * len(values)

    for step in range(1, 11):
        model.zero_grad()
        sum(output.square().sum() for output in model(IDS, MASK).values()).backward()
        with torch.no_grad():
            for value in values:
                value.add_(0.1)
        tuning.stepped(model, step)

    kept = sum(int(value.count_nonzero()) for value in values)
    assert kept == 4 * len(values)


def test_bitfit_trains_the_biases(model: JointModel) -> None:
    apply(model, BitFit())

    assert {name.rpartition(".")[2] for name in in_encoder(model)} == {"bias"}


def test_the_uppermost_layers_alone_may_be_trained(model: JointModel) -> None:
    apply(model, Frozen(layers=1))

    assert in_encoder(model)
    assert all(".layer.1." in name for name in in_encoder(model))


@pytest.mark.parametrize("spec", [Prompt(tokens=3), PTuning(tokens=3, width=8)], ids=name_of)
def test_virtual_tokens_train_only_themselves_and_leave_the_states_of_the_text(model: JointModel, spec: Spec) -> None:
    tuning = apply(model, spec)
    assert isinstance(model.encoder, VirtualTokens)
    assert all("seeds" in name or "network" in name for name in in_encoder(model))
    disturb(model)
    before = outputs(model)

    tuning.merge(model)
    tuning.merge(model)

    assert model.encoder.network is None
    assert [tuple(one.shape) for one in before] == [tuple(one.shape) for one in outputs(model)]
    assert all(torch.allclose(old, new, atol=1e-6) for old, new in zip(before, outputs(model), strict=True))


@pytest.mark.parametrize("spec", [*TUNINGS], ids=lambda kind: kind.__name__)
def test_no_tuning_but_full_trains_the_words(model: JointModel, spec: type[Spec]) -> None:
    apply(model, spec())

    assert (spec is Full) == any("word_embeddings" in name for name in trained_names(model))


@pytest.mark.parametrize("spec", NEUTRAL, ids=name_of)
def test_training_starts_as_the_base_model(model: JointModel, spec: Spec) -> None:
    before = outputs(model)

    apply(model, spec)

    assert all(torch.allclose(old, new, atol=1e-6) for old, new in zip(before, outputs(model), strict=True))


@pytest.mark.parametrize("spec", MERGED, ids=name_of)
def test_merging_keeps_every_output_and_leaves_a_plain_model(model: JointModel, spec: Spec, tmp_path: Path) -> None:
    kinds = {type(module) for module in model.modules()}
    tuning = apply(model, spec)
    disturb(model)
    updated = outputs(model)

    tuning.merge(model)
    tuning.merge(model)

    assert model.is_plain
    assert {type(module) for module in model.modules()} == kinds
    assert all(torch.allclose(old, new, atol=1e-5) for old, new in zip(updated, outputs(model), strict=True))
    model.save(tmp_path)


@pytest.mark.parametrize("spec", [Adapter(), Prefix(), Prompt(), PTuning()], ids=name_of)
def test_what_stays_in_the_encoder_is_not_saved_as_if_it_were_plain(
    model: JointModel, spec: Spec, tmp_path: Path
) -> None:
    apply(model, spec).merge(model)

    assert not model.is_plain
    with pytest.raises(TypeError, match="cannot be"):
        model.save(tmp_path)


def test_more_layers_than_there_are_or_more_tokens_than_are_read_are_refused(model: JointModel) -> None:
    with pytest.raises(TrainingFailed, match="has 2 layers"):
        apply(model, Frozen(layers=3))
    with pytest.raises(TrainingFailed, match="leave no room"):
        apply(model, Prompt(tokens=128))


def test_an_encoder_that_reads_no_prefix_is_refused(model: JointModel) -> None:
    encoder = model.encoder
    encoder.forward = partial(_deaf, encoder.forward)
    with pytest.raises(TrainingFailed, match="read no keys and values"):
        apply(model, Prefix())


def _deaf(forward: Any, *, past_key_values: object, attention_mask: Tensor, input_ids: Tensor) -> Any:
    """An encoder that takes a prefix and does not look at it."""
    return forward(input_ids=input_ids, attention_mask=attention_mask[:, -input_ids.shape[1] :])


def test_frozen_tuning_trains_heads_on_states_that_are_computed_once(model: JointModel) -> None:
    encoder = model.encoder
    calls: list[int] = []
    encoder.register_forward_hook(lambda *_: calls.append(1))
    tuning = apply(model, Frozen())

    first, second = outputs(model), outputs(model)

    assert not any(name.startswith(("encoder.", "projection.")) for name in trained_names(model))
    assert len(calls) == 1
    assert all(torch.equal(old, new) for old, new in zip(first, second, strict=True))
    tuning.merge(model)
    assert model.encoder is encoder


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
    apply(model, Frozen())

    model.train()

    assert model.training
    assert not any(module.training for module in model.encoder.encoder.modules())  # type: ignore[union-attr]
