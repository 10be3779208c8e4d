"""``python -m tests.chaos``: models are swapped, processes restarted and killed under load; the exit status tells how it went.

The seed decides the order of the kills: a round that failed is played again with ``--seed``.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import time
from pathlib import Path

from shared.errors import ParleyError
from tests.chaos import report
from tests.chaos.rolling import play as restart_all
from tests.chaos.round import play
from tests.chaos.stack import Stack, running
from tests.chaos.swaps import play as swap_models
from tests.chaos.victims import plan, told


def main() -> int:
    """Swap, restart, kill; 0 if nothing was lost, doubled or late."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="default: the time")
    parser.add_argument("--kills", type=int, default=32)
    parser.add_argument("--swaps", type=int, default=20, help="0: none")
    parser.add_argument("--rolling", action=argparse.BooleanOptionalAction, default=True, help="a rolling restart")
    parser.add_argument("--customers", type=int, default=9)
    parser.add_argument("--logs", type=Path, default=None, help="keep the logs of the services in this folder")
    given = parser.parse_args()
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # it tells of every connection that we cut
    seed = given.seed if given.seed is not None else int(time.time())
    try:
        with running() as stack:
            try:
                return _play(stack, seed, given)
            finally:
                _keep_logs(stack, given.logs)
    except ParleyError as error:
        print(f"nothing was tested: {error.message}")
        return 2


def _play(stack: Stack, seed: int, given: argparse.Namespace) -> int:
    faults: list[str] = []
    if given.swaps:
        swapped = swap_models(stack, given.swaps, given.customers)
        print("\n".join(swapped.lines()), flush=True)
        faults += swapped.faults()
    if given.rolling:
        rolled = restart_all(stack, given.customers)
        print("\n".join(rolled.lines()), flush=True)
        faults += rolled.faults()
    if given.kills:
        print(f"seed {seed}: {told(plan(seed, given.kills))}", flush=True)
        result = play(stack, seed, given.kills, given.customers)
        print("\n".join(report.lines(result)))
        faults += result.faults()
    return 1 if faults else 0


def _keep_logs(stack: Stack, folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for log in stack.home.glob("*.log"):
            shutil.copy(log, folder / log.name)


if __name__ == "__main__":
    sys.exit(main())
