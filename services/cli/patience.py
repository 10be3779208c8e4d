"""Commands that outlast a platform which is away for a moment: it is started again, or upgraded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from services.cli.api import CommandError

#: Seconds without any answer after which a command gives up: a few times what an upgrade takes.
PATIENCE = 300.0
#: Seconds between two tries.
_PAUSE = 1.0

_T = TypeVar("_T")


def outlast(ask: Callable[[], _T], told: Callable[[str], None], *, patience: float = PATIENCE) -> _T:
    """What ``ask`` returns, as soon as the platform answers.

    Args:
        ask: Asks the platform, and changes nothing there.
        told: Is told, once, that it does not answer.
        patience: Seconds for which it is asked again.

    Raises:
        CommandError: It refuses, or did not answer for so long.
    """
    began, is_told = time.monotonic(), False
    while True:
        try:
            return ask()
        except CommandError as error:
            if not error.transient or time.monotonic() - began > patience:
                raise
            if not is_told:
                told(f"{str(error).rstrip('.')}. Trying again for {patience / 60:.0f} minutes.")
                is_told = True
            time.sleep(_PAUSE)
