"""The tunings that a job can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.training.tunings.adapter import AdapterTuning
from services.training.tunings.bitfit import BitFitTuning
from services.training.tunings.frozen import FrozenTuning
from services.training.tunings.full import FullTuning
from services.training.tunings.peft_based import AdaLoraTuning, Ia3Tuning, LoraTuning
from services.training.tunings.prefix import PrefixTuning
from services.training.tunings.tuning import Tuning
from services.training.tunings.virtual_tokens import VirtualTokenTuning
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

TUNINGS: Mapping[type[Spec], Callable[[Any], Tuning]] = {
    Full: FullTuning,
    Frozen: FrozenTuning,
    BitFit: BitFitTuning,
    Adapter: AdapterTuning,
    Lora: LoraTuning,
    Dora: LoraTuning,
    AdaLora: AdaLoraTuning,
    Ia3: Ia3Tuning,
    Prefix: PrefixTuning,
    Prompt: VirtualTokenTuning,
    PTuning: VirtualTokenTuning,
}


def tuning_of(spec: Spec) -> Tuning:
    """The tuning that a job names."""
    return TUNINGS[type(spec)](spec)
