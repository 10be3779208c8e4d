from __future__ import annotations

import pytest

from services.training.fitting import recipe as recipes
from services.training.fitting.recipe import Recipe
from services.training.tasks.nlu.labels import LabelSpace
from shared.contracts.jobs import Hyperparameters, JobSpec, Tuning
from shared.contracts.understanding import SENTIMENTS

AUTO = JobSpec(model="minilm", training_file="file-1", seed=11)


INTENTS = LabelSpace(intents=("buy", "sell"), tags=(), sentiments=())
ENTITIES = LabelSpace(intents=("buy", "sell"), tags=("O", "B-city", "I-city"), sentiments=SENTIMENTS)
SENTIMENT = LabelSpace(intents=(), tags=(), sentiments=SENTIMENTS)


def resolve(spec: JobSpec, rows: int, labels: LabelSpace = INTENTS, *, width: int = 384) -> Recipe:
    return recipes.resolve(spec, rows, labels, width=width)


def asked(**knobs: int | float) -> JobSpec:
    return AUTO.model_copy(update={"hyperparameters": Hyperparameters.model_validate(knobs)})


def test_more_rows_get_fewer_epochs() -> None:
    assert [resolve(AUTO, rows).epochs for rows in (10, 500, 1_500, 10_000, 20_000)] == [40, 9, 6, 4, 3]


def test_entities_get_half_as_many_epochs_again() -> None:
    assert [resolve(AUTO, rows, ENTITIES).epochs for rows in (10, 1_500, 10_000)] == [40, 9, 6]


@pytest.mark.parametrize(("kind", "times"), [("full", 2), ("lora", 1), ("frozen", 1)])
def test_entities_get_twice_the_rates_of_full_tuning(kind: str, times: int) -> None:
    spec = AUTO.model_copy(update={"tuning": Tuning.model_validate({"type": kind})})

    plain, tagged = resolve(spec, 1_500), resolve(spec, 1_500, ENTITIES)

    assert tagged.encoder_rate == times * plain.encoder_rate
    assert tagged.head_rate == times * plain.head_rate


@pytest.mark.parametrize(("kind", "share"), [("full", 0.5), ("lora", 1.0)])
def test_a_wider_encoder_gets_a_lower_rate_of_full_tuning_of_its_own(kind: str, share: float) -> None:
    spec = AUTO.model_copy(update={"tuning": Tuning.model_validate({"type": kind})})
    narrow, minilm, wide = (resolve(spec, 1_500, width=width) for width in (32, 384, 768))

    assert (narrow.encoder_rate, wide.encoder_rate) == (minilm.encoder_rate, share * minilm.encoder_rate)
    assert wide.head_rate == minilm.head_rate


@pytest.mark.parametrize(
    ("tuning", "rows", "labels", "is_on"),
    [
        (Tuning(), 1_000, SENTIMENT, True),
        (Tuning(), 1_000, ENTITIES, False),
        (Tuning(), 2_000, ENTITIES, True),
        (Tuning(), 2_000, INTENTS, False),
        (Tuning(type="lora"), 2_000, ENTITIES, False),
        (Tuning(type="frozen"), 2_000, SENTIMENT, False),
        (Tuning(adversarial=0), 2_000, SENTIMENT, False),
        (Tuning(adversarial=0.5), 1_000, ENTITIES, True),
    ],
)
def test_an_adversary_trains_along_where_it_was_measured_to_help(
    tuning: Tuning, rows: int, labels: LabelSpace, is_on: bool
) -> None:
    assert (resolve(AUTO.model_copy(update={"tuning": tuning}), rows, labels).adversarial > 0) == is_on


def test_small_data_get_small_batches() -> None:
    assert (resolve(AUTO, 300).batch_size, resolve(AUTO, 20_000).batch_size) == (16, 32)


def test_what_the_user_sets_is_taken() -> None:
    recipe = resolve(asked(batch_size=5, n_epochs=2, learning_rate_multiplier=0.5), 1_000)

    assert (recipe.batch_size, recipe.epochs) == (5, 2)
    assert recipe.encoder_rate == resolve(AUTO, 1_000).encoder_rate / 2
    assert recipe.head_rate == resolve(AUTO, 1_000).head_rate / 2


def test_the_seed_and_the_tuning_of_the_job_are_taken() -> None:
    tuning = Tuning(type="lora", rank=3, max_steps=9)

    recipe = resolve(AUTO.model_copy(update={"tuning": tuning}), 1_000)

    assert (recipe.seed, recipe.tuning, recipe.max_steps) == (11, tuning, 9)


def test_low_rank_updates_learn_faster_and_a_frozen_encoder_not_at_all() -> None:
    rates = [
        resolve(AUTO.model_copy(update={"tuning": Tuning(type=kind)}), 1_000).encoder_rate
        for kind in ("lora", "full", "frozen")
    ]

    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == 0


@pytest.mark.parametrize(("rows", "limit", "steps"), [(100, None, 70), (101, None, 77), (100, 12, 12), (100, 999, 70)])
def test_steps_are_whole_epochs_up_to_the_limit(rows: int, limit: int | None, steps: int) -> None:
    spec = asked(batch_size=10, n_epochs=7).model_copy(update={"tuning": Tuning(max_steps=limit)})

    assert resolve(spec, rows).steps(rows) == steps
