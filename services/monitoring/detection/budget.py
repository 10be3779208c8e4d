"""How many false alarms are allowed, shared out among all that is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.monitoring.detection.judgement import Judgement
from services.monitoring.detection.series import Floats


@dataclass(frozen=True, slots=True)
class Budget:
    """False alarms a day that are allowed altogether (Bonferroni: each look gets its part, so that the sum holds).

    Attributes:
        per_day: For all scopes and rules together.
        scopes: How many are watched.
        rules: How many watch each.
    """

    per_day: float
    scopes: int = 1
    rules: int = 1

    def levels(self, judgement: Judgement) -> Floats:
        """The probability below which a look at each window of a judgement fires, shape ``[windows, 1]``."""
        share = self.per_day / (max(self.scopes, 1) * max(self.rules, 1) * len(judgement.windows))
        return share / np.array(judgement.looks)[:, None]
