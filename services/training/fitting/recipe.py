"""Every knob of a training run in one block, and how ``auto`` chooses."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from services.training.fitting.choice_loss import ChoiceLoss
from services.training.fitting.rates import Rates
from shared.contracts.training.jobs import FROM_NOTHING, JobSpec

#: Rows below which batches are halved: small data need the updates more than the throughput.
SMALL = 2_000

#: Width of the encoder that these suit. A wider one bears less: its states sum over more weights, each of which moves by about
#: the rate (Yang et al. 2022, arXiv:2203.03466).
_RATED_WIDTH = 384

#: How much higher the rates of full tuning are if entities are labelled, which are learned last.
_ENTITY_RATES = 2.0

#: How much higher the rates of a model are that knows nothing yet, and how many times as many epochs it takes.
_SCRATCH_RATES = 5.0
_SCRATCH_EPOCHS = 4.0

#: Epochs at most: fewer rows than they are for are learned by heart.
_MOST_EPOCHS = 40

#: Rows of a batch that are compared with one another: the more, the more there is to tell apart.
_COMPARED = 64

#: Peak learning rate of the heads.
_HEAD_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class Demands:
    """What the labels of some rows ask of a run.

    Attributes:
        learned_last: Whether some labels (entities) are learned after all others: they take half as many epochs again, and twice the rates
            of a tuning that bears them.
        compared: Whether the rows of a batch are each other's wrong answers, and each row is many examples: batches of 64, a quarter of
            the epochs, two at least.
    """

    learned_last: bool = False
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers that a run is made with; nothing in the loop is chosen elsewhere.

    Attributes:
        seed: Of shuffling, dropout and new weights.
        batch_size: Rows per optimizer step.
        epochs: Passes over the training rows, at most.
        max_steps: Optimizer steps, at most.
        encoder_rate: Peak learning rate of the encoder.
        head_rate: Peak learning rate of the heads.
        patience: Validations in a row, worse than the best by more than chance, after which the run ends.
        warmup: Share of the steps in which the rates rise from 0; they fall linearly to 0 in the others.
        weight_decay: Of matrices (biases and norms have none).
        dropout: In the encoder and in front of the heads.
        label_smoothing: Probability spread over the wrong labels of a choice (Szegedy et al. 2016, arXiv:1512.00567).
        clip_norm: Largest norm of the gradient.
        choices: What a wrong choice costs.
        layer_decay: Each layer learns at so many times the rate of the one above it.
        rows_at_once: Rows computed together at most.
        gradient_checkpointing: Whether activations are computed twice instead of kept.
        checkpoint_seconds: Time between checkpoints: the most work that a crash costs.
    """

    seed: int
    batch_size: int
    epochs: int
    max_steps: int | None
    encoder_rate: float
    head_rate: float
    patience: int
    warmup: float = 0.1
    weight_decay: float = 0.01
    dropout: float = 0.1
    label_smoothing: float = 0.1
    clip_norm: float = 1.0
    layer_decay: float = 1.0
    rows_at_once: int | None = None
    gradient_checkpointing: bool = False
    checkpoint_seconds: float = 120.0
    choices: ChoiceLoss = field(default_factory=ChoiceLoss)

    def packed(self, rows: int, examples: int) -> Recipe:
        """The same run over rows of which several may stand in one example: a step sees as many of them as before."""
        return replace(self, batch_size=max(1, round(self.batch_size * examples / rows)))

    def steps(self, rows: int) -> int:
        """Optimizer steps of the whole run over so many training rows."""
        planned = self.epochs * math.ceil(rows / self.batch_size)
        return planned if self.max_steps is None else min(planned, self.max_steps)


def resolve(spec: JobSpec, rows: int, demands: Demands, rates: Rates, *, width: int) -> Recipe:
    """Turn every ``auto`` of a job into a number.

    - batch size: 16 below 2,000 rows, else 32.
    - epochs: ``2 + 140 / sqrt(rows)``, rounded up: 9 for 500 rows, 6 for 1,500, 4 for 10,000, 3 from 20,000; 40 if the
      encoder is frozen. Half as many again if entities are labelled, which are learned last, and for tunings of few weights.
      Validation ends the run earlier when it no longer gains.
    - patience: half of the epochs, at least 3. Scores often fall while the rate is high, and rise again as it falls.
    - rates: the tuning's for the encoder, 1e-3 for the heads, times the job's multiplier. A tuning that moves every weight takes
      twice these if entities are labelled, and for an encoder wider than MiniLM's 384 its own rate falls as the width grows: to a half
      at 768.
    - a model from scratch takes four times as many epochs at five times the rates.

    Args:
        spec: The job.
        rows: Training rows after the split.
        demands: What their labels ask for.
        rates: What the tuning bears.
        width: Of the encoder's states.
    """
    asked = spec.hyperparameters
    multiplier = 1.0 if asked.learning_rate_multiplier == "auto" else asked.learning_rate_multiplier
    more = rates.more_epochs
    if spec.model in FROM_NOTHING:
        multiplier *= _SCRATCH_RATES
        more *= _SCRATCH_EPOCHS
    if demands.learned_last and rates.moves_words:
        multiplier *= _ENTITY_RATES
    narrowing = min(1.0, _RATED_WIDTH / width) if rates.moves_words else 1.0
    wanted = (2 + 140 / math.sqrt(max(rows, 1))) * (1.5 if demands.learned_last else 1.0) * more
    if demands.compared:
        wanted = max(2.0, wanted / 4)
    planned = rates.epochs or min(_MOST_EPOCHS, math.ceil(wanted))
    epochs = planned if asked.n_epochs == "auto" else asked.n_epochs
    return Recipe(
        seed=spec.seed,
        batch_size=_batch_size(rows, demands) if asked.batch_size == "auto" else asked.batch_size,
        epochs=epochs,
        max_steps=spec.schedule.max_steps,
        encoder_rate=multiplier * narrowing * rates.encoder,
        head_rate=multiplier * _HEAD_RATE,
        patience=max(3, math.ceil(epochs / 2)),
        **spec.schedule.model_dump(exclude={"max_steps", "max_length", "devices"}),
    )


def _batch_size(rows: int, demands: Demands) -> int:
    if demands.compared:
        return _COMPARED
    return 16 if rows < SMALL else 32
