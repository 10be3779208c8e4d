"""Direct preference optimisation: the better of two answers is made likelier, measured by the model that training began with."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn.functional import logsigmoid

from services.training.fitting.batching import Batch
from services.training.fitting.device import autocast
from services.training.models.decoder_model import OUTPUT, DecoderModel
from services.training.models.task_model import Outputs, TaskModel
from services.training.objectives.objective import Loss, Objective
from services.training.writing.likelihood import answer_log_probabilities, pair_log_probabilities
from services.training.writing.preferences import PreferencePair
from shared.contracts.training.objectives import Dpo
from shared.errors import TrainingFailed

BETA = 0.1
"""Of Rafailov et al. 2023 (arXiv:2305.18290)."""


class DpoObjective(Objective):
    """Takes the place of the task's loss.

    Args:
        spec: How near the model stays to the reference.
    """

    #: A model is moved from an answer that it would give: a tenth of the steps suffice, and more of it makes it forget to speak.
    rate_factor = 0.1

    def __init__(self, spec: Dpo) -> None:
        self._beta = BETA if spec.beta == "auto" else spec.beta

    def examples(self, model: TaskModel, examples: Sequence[Any]) -> Sequence[Any]:
        """Each pair with what the model, as training finds it, tells of both answers.

        Raises:
            TrainingFailed: A row has one answer.
        """
        if not all(isinstance(one, PreferencePair) for one in examples):
            raise TrainingFailed(
                "'dpo' learns from two answers: give rows with input, preferred_output and non_preferred_output, or leave it out.",
                param="training_file",
            )
        if not isinstance(model, DecoderModel) or not examples:
            return examples
        told = pair_log_probabilities(model, examples).tolist()
        return [
            dataclasses.replace(pair, reference=(better, worse))
            for pair, (better, worse) in zip(examples, told, strict=True)
        ]

    def loss(self, inner: Loss) -> Loss:
        """The negative logarithm of the chance that the better answer wins, the mean over the pairs of the batch."""
        del inner

        def of_piece(model: TaskModel, piece: Batch, whole: Any) -> tuple[Tensor, Outputs]:
            with autocast(model.device):
                outputs: Outputs = model(**piece.inputs)
            words = piece.targets["words"].flatten(0, 1)
            told = answer_log_probabilities(outputs[OUTPUT], words).view(-1, 2)
            gain = told - piece.targets["reference"]
            return -logsigmoid(self._beta * (gain[:, 0] - gain[:, 1])).sum() / whole.rows, outputs

        return of_piece
