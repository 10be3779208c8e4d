"""Ways to tune a model: which of its weights a job trains. Names travel; what is done stands in ``services.training.tunings``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Spec(BaseModel):
    """A part of what a job asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Rank = Annotated[int, Field(ge=1, le=256)]
VirtualTokens = Annotated[int, Field(ge=1, le=128)]


class Full(Spec):
    """Every weight is trained.

    Attributes:
        student_layers: Of the base model's layers only so many are kept, evenly chosen with the first and the last among them (as DistilBERT
            began, Sanh et al. 2019, arXiv:1910.01108); ``None``: all.
        student_heads: Of the attention heads of these layers only so many are kept, at least one in each: those that mean most for the training rows
            (Michel et al. 2019, arXiv:1905.10650); ``None``: all.
        vocabulary: Of the base model's tokens only so many are kept, those of the training rows first; ``None``: all.
    """

    type: Literal["full"] = "full"
    student_layers: Annotated[int, Field(ge=1, le=64)] | None = None
    student_heads: Annotated[int, Field(ge=1, le=4096)] | None = None
    vocabulary: Annotated[int, Field(ge=100, le=1_000_000)] | None = None

    @property
    def is_smaller(self) -> bool:
        """Whether it trains less than the whole base model."""
        return any(part is not None for part in (self.student_layers, self.student_heads, self.vocabulary))


class Frozen(Spec):
    """Only the heads are trained, or the uppermost layers of the encoder too.

    Attributes:
        layers: How many of them.
    """

    type: Literal["frozen"] = "frozen"
    layers: Annotated[int, Field(ge=0, le=64)] = 0


class BitFit(Spec):
    """Biases and heads are trained (Ben Zaken et al. 2021, arXiv:2106.10199)."""

    type: Literal["bitfit"] = "bitfit"


class Adapter(Spec):
    """A small bottleneck behind each layer (Houlsby et al. 2019, arXiv:1902.00751, placed as by Pfeiffer et al. 2020, arXiv:2005.00247).

    Attributes:
        size: Width of the bottleneck.
    """

    type: Literal["adapter"] = "adapter"
    size: Annotated[int, Field(ge=1, le=1024)] = 48


class _LowRank(Spec):
    """Updates of low rank.

    Attributes:
        rank: Their rank.
        alpha: They are multiplied by ``alpha / rank``.
        dropout: On their input.
    """

    rank: Rank = 16
    alpha: Annotated[float, Field(gt=0, le=1024)] = 32.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05


class Lora(_LowRank):
    """Low-rank updates of every linear layer of the encoder (Hu et al. 2021, arXiv:2106.09685).

    Attributes:
        apart: Of a decoder: the updates stay beside the graph of the base model, which all models tuned so from it then share when they
            are served, in one memory and in one batch; else they are folded into it.
    """

    type: Literal["lora"] = "lora"
    apart: bool = False


class Dora(_LowRank):
    """LoRA of the direction of each weight, and its length by itself (Liu et al. 2024, arXiv:2402.09353)."""

    type: Literal["dora"] = "dora"


class AdaLora(_LowRank):
    """LoRA that moves its budget to where it is needed (Zhang et al. 2023, arXiv:2303.10512).

    Attributes:
        rank: The mean at the end; it begins with half as much again.
    """

    type: Literal["adalora"] = "adalora"


class Ia3(Spec):
    """Learned factors on keys, values and feed-forward states (Liu et al. 2022, arXiv:2205.05638)."""

    type: Literal["ia3"] = "ia3"


class Prefix(Spec):
    """Virtual keys and values before the text, in every layer (Li and Liang 2021, arXiv:2101.00190).

    Attributes:
        tokens: How many.
    """

    type: Literal["prefix"] = "prefix"
    tokens: VirtualTokens = 16


class Prompt(Spec):
    """Virtual words before the text (Lester et al. 2021, arXiv:2104.08691).

    Attributes:
        tokens: How many.
    """

    type: Literal["prompt"] = "prompt"
    tokens: VirtualTokens = 16


class PTuning(Spec):
    """Virtual words that a small network makes while it trains (Liu et al. 2021, arXiv:2103.10385).

    Attributes:
        tokens: How many.
        width: Of the network's hidden layer.
    """

    type: Literal["p_tuning"] = "p_tuning"
    tokens: VirtualTokens = 16
    width: Annotated[int, Field(ge=1, le=1024)] = 128


Tuning = Annotated[
    Full | Frozen | BitFit | Adapter | Lora | Dora | AdaLora | Ia3 | Prefix | Prompt | PTuning,
    Field(discriminator="type"),
]

TuningType = Literal[
    "full", "frozen", "bitfit", "adapter", "lora", "dora", "adalora", "ia3", "prefix", "prompt", "p_tuning"
]
"""The names of them, for whoever lets a person choose."""
