"""What a job minimises besides the loss of its task. Names travel; what is done stands in ``services.training.objectives``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from shared.contracts.training.tunings import Spec


class Adversarial(Spec):
    """Each batch is seen again with its words moved to where the model errs more. It needs ``full`` tuning.

    Attributes:
        method: ``fgm`` takes one step (Miyato et al. 2017, arXiv:1605.07725), ``pgd`` several and trains on the last (Madry et al. 2018,
            arXiv:1706.06083), ``freelb`` several and trains on all of them (Zhu et al. 2020, arXiv:1909.11764).
        distance: How far the words of a batch are moved in all, in lengths of a word's embedding.
        steps: Of ``pgd`` and ``freelb``; each takes the time of another look.
    """

    type: Literal["adversarial"] = "adversarial"
    method: Literal["fgm", "pgd", "freelb"] = "fgm"
    distance: Annotated[float, Field(gt=0, le=10)] = 1.0
    steps: Annotated[int, Field(ge=1, le=8)] = 3


class RDrop(Spec):
    """Two passes with other dropout must agree (Liang et al. 2021, arXiv:2106.14448). It takes twice the time.

    Attributes:
        weight: Of the disagreement.
    """

    type: Literal["rdrop"] = "rdrop"
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0


class Matryoshka(Spec):
    """Embeddings that may be cut: the loss counts at each of some sizes (Kusupati et al. 2022, arXiv:2205.13147). Of task ``embedding``.

    Attributes:
        sizes: To which an embedding may be cut, besides its whole size.
    """

    type: Literal["matryoshka"] = "matryoshka"
    sizes: Annotated[tuple[Annotated[int, Field(ge=8, le=8192)], ...], Field(min_length=1, max_length=8)] = (
        256,
        128,
        64,
    )


class ClassWeights(Spec):
    """Rows count by their labels. Of tasks with labels; the tag of what is no entity weighs 1 unless ``labels`` names it (``O``).

    Attributes:
        by: ``inverse`` frequency of the label, or its ``square_root``, which asks for less; 1 in the mean over rows.
        labels: Weights by label, in place of frequencies; labels that are not named weigh 1.
    """

    type: Literal["class_weights"] = "class_weights"
    by: Literal["square_root", "inverse"] = "square_root"
    labels: (
        Annotated[dict[str, Annotated[float, Field(gt=0, le=1000)]], Field(min_length=1, max_length=1000)] | None
    ) = None


class Focal(Spec):
    """What is told surely and rightly counts less (Lin et al. 2017, arXiv:1708.02002). Of tasks with labels.

    Attributes:
        gamma: Power of the doubt about the truth that each loss is multiplied by.
    """

    type: Literal["focal"] = "focal"
    gamma: Annotated[float, Field(gt=0, le=10)] = 2.0


AugmentationKind = Literal["synonyms", "typing", "entity_swap"]


class Augmentation(Spec):
    """Changed copies of the training rows train too. Of tasks that learn from labelled texts.

    Attributes:
        kinds: Each copy is changed in one of these ways: other words of the same meaning (English, Chinese), slips of the fingers, the words
            of another span of the same label.
        copies: Of each row.
        strength: Share of the words that could be changed that are, at least one.
    """

    type: Literal["augmentation"] = "augmentation"
    kinds: Annotated[tuple[AugmentationKind, ...], Field(min_length=1, max_length=3)] = (
        "synonyms",
        "typing",
        "entity_swap",
    )
    copies: Annotated[int, Field(ge=1, le=10)] = 1
    strength: Annotated[float, Field(gt=0, le=1)] = 0.1

    @field_validator("kinds")
    @classmethod
    def _each_once(cls, kinds: tuple[AugmentationKind, ...]) -> tuple[AugmentationKind, ...]:
        twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
        if twice is not None:
            raise ValueError(f"kinds name '{twice}' twice; keep one")
        return kinds


class Replay(Spec):
    """Rows of the model that a job goes on from train again, so that it forgets less, and keeps labels that the new file lacks.

    Attributes:
        share: Of all rows that train. Of each label a row is replayed, however small it is.
    """

    type: Literal["replay"] = "replay"
    share: Annotated[float, Field(gt=0, le=0.9)] = 0.3


class Ewc(Spec):
    """What an encoder knew moves least (Kirkpatrick et al. 2017, arXiv:1612.00796). Of tasks with labels.

    Its weights stay near the model's that a job goes on from, each the more it meant for that model's rows.

    Attributes:
        weight: Of what leaving costs.
        rows: On so many what they meant is estimated.
    """

    type: Literal["ewc"] = "ewc"
    weight: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    rows: Annotated[int, Field(ge=16, le=4096)] = 256


class PseudoLabels(Spec):
    """Rows without labels train too, as a model of ours labels them where it is sure. Of tasks with labels.

    Attributes:
        unlabelled_file: JSON Lines of rows of the task without labels (``{"text": …}``), uploaded as ``user_data``.
        model: Who labels them; without it the model that the job starts from.
        confidence: So sure it has to be of every label of a row.
    """

    type: Literal["pseudo_labels"] = "pseudo_labels"
    unlabelled_file: Annotated[str, Field(min_length=1, max_length=128)]
    model: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.9


class Distillation(Spec):
    """A student also learns what a teacher answers, doubts included (Hinton et al. 2015, arXiv:1503.02531).

    Attributes:
        teacher: A model trained here, of the same task, that knows every label of the rows; without it, the one that the job goes on from.
        temperature: By which both models' logits are divided: the higher, the more of the teacher's doubts is learned.
        weight: Of the teacher's answers, beside 1 for the labels.
        hidden_weight: Of the teacher's states of each token (as in DistilBERT, Sanh et al. 2019, arXiv:1910.01108; among each other where its
            encoder is of another width, Wang et al. 2020, arXiv:2002.10957); 0: they are not looked at.
    """

    type: Literal["distillation"] = "distillation"
    teacher: Annotated[str, Field(pattern=r"^ft:", max_length=256)] | None = None
    temperature: Annotated[float, Field(gt=0, le=20)] = 2.0
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    hidden_weight: Annotated[float, Field(ge=0, le=100)] = 1.0


Beta = Annotated[float, Field(gt=0, le=2)] | Literal["auto"]


class Dpo(Spec):
    """Of two answers the better one is made likelier (Rafailov et al. 2023, arXiv:2305.18290). Of task ``text_generation``, with rows of both.

    Attributes:
        beta: How near the model stays to what it was: the higher, the nearer; ``auto``: 0.1.
    """

    type: Literal["dpo"] = "dpo"
    beta: Beta = "auto"


NEEDS_PAST = ("replay", "ewc")
"""Those that need the rows of the model that a job goes on from."""

Objective = Annotated[
    Adversarial
    | RDrop
    | Matryoshka
    | Distillation
    | ClassWeights
    | Focal
    | Augmentation
    | Replay
    | Ewc
    | PseudoLabels
    | Dpo,
    Field(discriminator="type"),
]

ObjectiveType = Literal[
    "adversarial",
    "rdrop",
    "matryoshka",
    "distillation",
    "class_weights",
    "focal",
    "augmentation",
    "replay",
    "ewc",
    "pseudo_labels",
    "dpo",
]
"""The names of them, for whoever lets a person choose."""
