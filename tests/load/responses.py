"""``python -m tests.load.responses``: what a turn costs at ``/v1/responses``, beside one at ``/v1/chat/completions``.

The services are processes of their own on RabbitMQ and PostgreSQL, with a model so small that it costs next to nothing. Rounds of both alternate in one run; CPU of
our processes is counted (broker and database may serve others as well), and the median of the rounds' ratios is told.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bundles import Recipe, tiny_bundle
from tests.load.chat_client import ENDPOINTS
from tests.load.chat_model import MODEL_ID
from tests.load.chat_stack import Stack, stack

_OURS = ("gateway", "nlu", "generation", "monitoring")


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=8.0, help="of one round")
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        bundle = tiny_bundle(Path(folder) / "bundle", Recipe(model_id=MODEL_ID))
        with stack(bundle, {}) as running:
            running.start("nlu", "services.nlu")
            running.wait_until_answering()
            for endpoint in ENDPOINTS:  # warm
                _costs(running, endpoint, options)
            rounds = [{one: _costs(running, one, options) for one in ENDPOINTS} for _ in range(options.rounds)]
    told = {endpoint: _medians([one[endpoint] for one in rounds]) for endpoint in ENDPOINTS}
    ratios = [sum(one["responses"].values()) / sum(one["chat"].values()) for one in rounds]
    gateway = [one["responses"]["gateway"] / one["chat"]["gateway"] for one in rounds]
    figures = {"ratio": statistics.median(ratios), "ratio_of_the_gateway": statistics.median(gateway)}
    print(json.dumps({"microseconds_a_turn": told, **figures, "ratios": ratios}), flush=True)


def _costs(running: Stack, endpoint: str, options: argparse.Namespace) -> dict[str, float]:
    """Microseconds of CPU a turn, by process."""
    seen, spent = running.load(clients=options.clients, seconds=options.seconds, endpoint=endpoint)
    if set(seen.statuses) != {"200"}:
        raise SystemExit(f"{endpoint}: {seen.statuses}")
    return {name: 1e6 * spent[name] / seen.answered for name in _OURS}


def _medians(rounds: list[dict[str, float]]) -> dict[str, int]:
    return {name: round(statistics.median(one[name] for one in rounds)) for name in _OURS}


if __name__ == "__main__":
    main()
