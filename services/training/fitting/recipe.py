"""Every knob of a training run in one block, and how ``auto`` chooses."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.training.tasks.nlu.labels import LabelSpace
from shared.contracts.jobs import JobSpec, Tuning

#: Rows below which batches are halved: small data need the updates more than the throughput.
_SMALL = 2_000

#: Rates of the encoder by kind of tuning. A low-rank update starts at zero and bears (and needs) a higher one.
_ENCODER_RATES = {"full": 1e-4, "lora": 1e-3, "frozen": 0.0}

#: Width of the encoder that these suit. A wider one bears less: its states sum over more weights, each of which moves by about
#: the rate (Yang et al. 2022, arXiv:2203.03466).
_RATED_WIDTH = 384

#: How much higher the rates of full tuning are if entities are labelled, which are learned last.
_ENTITY_RATES = 2.0

#: How far words are moved in adversarial training where it is on by itself, in lengths of a word's embedding.
_ADVERSARIAL = 1.0

#: Epochs over cached states cost next to nothing.
_FROZEN_EPOCHS = 40


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers that a run is made with; nothing in the loop is chosen elsewhere.

    Attributes:
        tuning: Which weights are trained.
        seed: Of shuffling, dropout and new weights.
        batch_size: Rows per optimizer step.
        epochs: Passes over the training rows, at most.
        max_steps: Optimizer steps, at most.
        encoder_rate: Peak learning rate of the encoder.
        head_rate: Peak learning rate of the heads.
        adversarial: How far the words of a batch are moved for a second look at it, in lengths of a mean one; 0: no second look.
        patience: Validations in a row, worse than the best by more than chance, after which the run ends.
        warmup: Share of the steps in which the rates rise from 0; they fall linearly to 0 in the others.
        weight_decay: Of matrices (biases and norms have none).
        dropout: In the encoder and in front of the heads.
        label_smoothing: Probability spread over the wrong intents and sentiments (Szegedy et al. 2016, arXiv:1512.00567).
        anchor_weight: Weight of the loss that holds the sentence embedding at the base model's.
        tag_weight: Weight of the entity loss, the mean over all tokens: most belong to no entity and are soon learned.
        outlier_weight: Weight of the loss that keeps the intent head undecided on out-of-scope rows.
        clip_norm: Largest norm of the gradient.
        context_dropout: Share of the rows with context that an epoch reads without it, so that one model reads both.
        lent_contexts: Share of the longer rows without context that an epoch reads in another row's, which must change nothing.
        checkpoint_seconds: Time between checkpoints: the most work that a crash costs.
    """

    tuning: Tuning
    seed: int
    batch_size: int
    epochs: int
    max_steps: int | None
    encoder_rate: float
    head_rate: float
    adversarial: float
    patience: int
    warmup: float = 0.1
    weight_decay: float = 0.01
    dropout: float = 0.1
    label_smoothing: float = 0.1
    anchor_weight: float = 1.0
    tag_weight: float = 3.0
    outlier_weight: float = 0.5
    clip_norm: float = 1.0
    context_dropout: float = 0.1
    lent_contexts: float = 0.1
    checkpoint_seconds: float = 120.0

    def steps(self, rows: int) -> int:
        """Optimizer steps of the whole run over so many training rows."""
        planned = self.epochs * math.ceil(rows / self.batch_size)
        return planned if self.max_steps is None else min(planned, self.max_steps)


def resolve(spec: JobSpec, rows: int, labels: LabelSpace, *, width: int) -> Recipe:
    """Turn every ``auto`` of a job into a number.

    - batch size: 16 below 2,000 rows, else 32.
    - epochs: ``2 + 140 / sqrt(rows)``, rounded up: 9 for 500 rows, 6 for 1,500, 4 for 10,000, 3 from 20,000; 40 if the
      encoder is frozen. Half as many again if entities are labelled, which are learned last. Validation ends the run
      earlier when it no longer gains.
    - patience: half of the epochs, at least 3. Scores often fall while the rate is high, and rise again as it falls.
    - rates: 1e-4 for the encoder (low rank: 1e-3), 1e-3 for the heads, times the job's multiplier. Full tuning takes twice
      these if entities are labelled, and for an encoder wider than MiniLM's 384 its own rate falls as the width grows: 5e-5
      at 768.
    - adversarial training: by one word's length if the encoder is fully tuned on sentiment alone, or on 2,000 rows and more with
      entities. What people feel is labelled with much less agreement than what they want, and a model that learns each row by
      heart learns the disagreement; entities gain less by it, and fewer rows gave no clear gain for twice the time.

    Args:
        spec: The job.
        rows: Training rows after the split.
        labels: Of these rows.
        width: Of the encoder's states.
    """
    asked, tuning = spec.hyperparameters, spec.tuning
    multiplier = 1.0 if asked.learning_rate_multiplier == "auto" else asked.learning_rate_multiplier
    has_entities = bool(labels.tags)
    if has_entities and tuning.type == "full":
        multiplier *= _ENTITY_RATES
    narrowing = min(1.0, _RATED_WIDTH / width) if tuning.type == "full" else 1.0
    wanted = (2 + 140 / math.sqrt(max(rows, 1))) * (1.5 if has_entities else 1.0)
    planned = _FROZEN_EPOCHS if tuning.type == "frozen" else min(_FROZEN_EPOCHS, math.ceil(wanted))
    epochs = planned if asked.n_epochs == "auto" else asked.n_epochs
    return Recipe(
        tuning=tuning,
        seed=spec.seed,
        batch_size=(16 if rows < _SMALL else 32) if asked.batch_size == "auto" else asked.batch_size,
        epochs=epochs,
        max_steps=tuning.max_steps,
        encoder_rate=multiplier * narrowing * _ENCODER_RATES[tuning.type],
        head_rate=multiplier * 1e-3,
        adversarial=_adversarial(tuning, rows, labels),
        patience=max(3, math.ceil(epochs / 2)),
    )


def _adversarial(tuning: Tuning, rows: int, labels: LabelSpace) -> float:
    if tuning.adversarial != "auto":
        return tuning.adversarial
    is_sentiment_alone = not labels.intents and not labels.tags
    has_many_entities = bool(labels.tags) and rows >= _SMALL
    return _ADVERSARIAL if tuning.type == "full" and (is_sentiment_alone or has_many_entities) else 0.0
