"""Where a long sound is cut: at the quietest moment near the end of a piece. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Seconds before the end of a piece in which a pause is looked for.
_LOOKED_AT = 15.0
#: Seconds that a pause is measured over: one between two words is shorter, one between two sentences is not.
_PAUSE = 0.3
#: How much longer than a piece the last one may be, so that none of a few seconds is left over.
_LAST = 1.25


def end_of_piece(samples: NDArray[np.float32], start: int, rate: int, seconds: float) -> int:
    """The place behind the last sample of the piece that begins at ``start``.

    Args:
        samples: Of the whole sound, one channel.
        start: Where the piece begins.
        rate: Samples a second.
        seconds: That a piece may have.
    """
    if len(samples) - start <= _LAST * seconds * rate:
        return len(samples)
    stop = start + round(seconds * rate)
    first = max(stop - round(min(_LOOKED_AT, seconds / 2) * rate), start)
    width = max(round(_PAUSE * rate), 1)
    loud = np.concatenate([[0.0], np.cumsum(np.square(samples[first:stop], dtype=np.float64))])
    if len(loud) <= width:
        return stop
    return first + int(np.argmin(loud[width:] - loud[:-width])) + width // 2
