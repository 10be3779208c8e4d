"""What a job minimises besides the loss of its task. Names travel; what is done stands in ``services.training.objectives``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.tunings import Spec


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


Objective = Annotated[Adversarial | RDrop | Matryoshka | Distillation, Field(discriminator="type")]

ObjectiveType = Literal["adversarial", "rdrop", "matryoshka", "distillation"]
"""The names of them, for whoever lets a person choose."""
