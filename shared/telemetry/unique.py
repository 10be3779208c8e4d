"""Ids that are unique, and need not be secret."""

from __future__ import annotations

import os
from random import Random

# uuid4 would ask the kernel for each one, and give up the interpreter lock for it: with several busy threads that costs
# milliseconds.
_RANDOM = Random()  # noqa: S311
os.register_at_fork(after_in_child=_RANDOM.seed)


def unique_id() -> str:
    """32 hexadecimal digits."""
    return f"{_RANDOM.getrandbits(128):032x}"
