from __future__ import annotations

import pytest

from services.training.fitting.recipe import Recipe
from services.training.objectives.adversarial import AdversarialObjective
from services.training.pipeline import plan
from services.training.tasks.nlu.labels import LabelSpace
from shared.contracts.chat.understanding import SENTIMENTS
from shared.contracts.training.jobs import Hyperparameters, JobSpec, Objectives, Schedule
from shared.contracts.training.objectives import Adversarial
from shared.contracts.training.tunings import Adapter, BitFit, Frozen, Full, Ia3, Lora, Tuning

AUTO = JobSpec(model="minilm", training_file="file-1", seed=11)


INTENTS = LabelSpace(intents=("buy", "sell"), tags=(), sentiments=())
ENTITIES = LabelSpace(intents=("buy", "sell"), tags=("O", "B-city", "I-city"), sentiments=SENTIMENTS)
SENTIMENT = LabelSpace(intents=(), tags=(), sentiments=SENTIMENTS)


def resolve(spec: JobSpec, rows: int, labels: LabelSpace = INTENTS, *, width: int = 384) -> Recipe:
    return plan(spec, labels, rows, width=width)[1]


def tuned(tuning: Tuning, objectives: Objectives = "auto") -> JobSpec:
    return AUTO.model_copy(update={"tuning": tuning, "objectives": objectives})


def asked(**knobs: int | float) -> JobSpec:
    return AUTO.model_copy(update={"hyperparameters": Hyperparameters.model_validate(knobs)})


def test_more_rows_get_fewer_epochs() -> None:
    assert [resolve(AUTO, rows).epochs for rows in (10, 500, 1_500, 10_000, 20_000)] == [40, 9, 6, 4, 3]


def test_entities_get_half_as_many_epochs_again() -> None:
    assert [resolve(AUTO, rows, ENTITIES).epochs for rows in (10, 1_500, 10_000)] == [40, 9, 6]


@pytest.mark.parametrize(("tuning", "times"), [(Full(), 2), (Lora(), 1), (Frozen(), 1), (Frozen(layers=2), 2)])
def test_entities_get_twice_the_rates_of_tunings_that_move_weights(tuning: Tuning, times: int) -> None:
    spec = tuned(tuning)

    plain, tagged = resolve(spec, 1_500), resolve(spec, 1_500, ENTITIES)

    assert tagged.encoder_rate == times * plain.encoder_rate
    assert tagged.head_rate == times * plain.head_rate


@pytest.mark.parametrize(("tuning", "share"), [(Full(), 0.5), (Lora(), 1.0)])
def test_a_wider_encoder_gets_a_lower_rate_of_full_tuning_of_its_own(tuning: Tuning, share: float) -> None:
    spec = tuned(tuning)
    narrow, minilm, wide = (resolve(spec, 1_500, width=width) for width in (32, 384, 768))

    assert (narrow.encoder_rate, wide.encoder_rate) == (minilm.encoder_rate, share * minilm.encoder_rate)
    assert wide.head_rate == minilm.head_rate


@pytest.mark.parametrize(
    ("spec", "rows", "labels", "is_on"),
    [
        (AUTO, 1_000, SENTIMENT, True),
        (AUTO, 1_000, ENTITIES, False),
        (AUTO, 2_000, ENTITIES, True),
        (AUTO, 2_000, INTENTS, False),
        (tuned(Lora()), 2_000, ENTITIES, False),
        (tuned(Frozen()), 2_000, SENTIMENT, False),
        (tuned(Full(), ()), 2_000, SENTIMENT, False),
        (tuned(Full(), (Adversarial(distance=0.5),)), 1_000, ENTITIES, True),
    ],
)
def test_an_adversary_trains_along_where_it_was_measured_to_help(
    spec: JobSpec, rows: int, labels: LabelSpace, is_on: bool
) -> None:
    method, _ = plan(spec, labels, rows, width=384)
    assert any(isinstance(objective, AdversarialObjective) for objective in method.objectives) == is_on


def test_small_data_get_small_batches() -> None:
    assert (resolve(AUTO, 300).batch_size, resolve(AUTO, 20_000).batch_size) == (16, 32)


def test_what_the_user_sets_is_taken() -> None:
    recipe = resolve(asked(batch_size=5, n_epochs=2, learning_rate_multiplier=0.5), 1_000)

    assert (recipe.batch_size, recipe.epochs) == (5, 2)
    assert recipe.encoder_rate == resolve(AUTO, 1_000).encoder_rate / 2
    assert recipe.head_rate == resolve(AUTO, 1_000).head_rate / 2


def test_the_seed_and_the_limit_of_the_job_are_taken() -> None:
    recipe = resolve(AUTO.model_copy(update={"schedule": Schedule(max_steps=9)}), 1_000)

    assert (recipe.seed, recipe.max_steps) == (11, 9)


def test_what_the_schedule_says_is_taken() -> None:
    careful = Schedule(warmup=0.2, dropout=0.3, label_smoothing=0.0, layer_decay=0.9, rows_at_once=4)
    recipe = resolve(AUTO.model_copy(update={"schedule": careful}), 1_000)

    assert (recipe.warmup, recipe.dropout, recipe.label_smoothing) == (0.2, 0.3, 0.0)
    assert (recipe.layer_decay, recipe.rows_at_once, recipe.clip_norm) == (0.9, 4, 1.0)


def test_the_defaults_of_a_job_are_those_of_a_run() -> None:
    schedule, fields = Schedule(), Recipe.__dataclass_fields__
    taken = schedule.model_dump(exclude={"max_steps", "max_length", "devices"})
    assert taken == {name: fields[name].default for name in taken}


def test_low_rank_updates_learn_faster_and_a_frozen_encoder_not_at_all() -> None:
    rates = [resolve(tuned(tuning), 1_000).encoder_rate for tuning in (Lora(), Full(), Frozen())]

    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == 0


@pytest.mark.parametrize("tuning", [BitFit(), Adapter(), Ia3()], ids=lambda tuning: str(tuning.type))
def test_few_weights_get_more_epochs(tuning: Tuning) -> None:
    assert resolve(tuned(tuning), 10_000).epochs > resolve(AUTO, 10_000).epochs


@pytest.mark.parametrize(("rows", "limit", "steps"), [(100, None, 70), (101, None, 77), (100, 12, 12), (100, 999, 70)])
def test_steps_are_whole_epochs_up_to_the_limit(rows: int, limit: int | None, steps: int) -> None:
    spec = asked(batch_size=10, n_epochs=7).model_copy(update={"schedule": Schedule(max_steps=limit)})

    assert resolve(spec, rows).steps(rows) == steps
