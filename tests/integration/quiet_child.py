"""``python -m tests.integration.quiet_child HOME BASE``: imports every service, trains a tiny model, reads with it, and tells who was called.

It leaves the list of addresses that anything in this process tried to reach in ``calls.json``.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from importlib import import_module
from pathlib import Path

from shared.artifacts.layout import model_key

CALLED: list[str] = []
CALLS = "calls.json"

TRACKERS = [
    {"type": "wandb", "wandb": {"project": "quiet"}},
    {"type": "mlflow", "mlflow": {"experiment": "quiet"}},
]

SERVICES = (
    *("services.embedded", "services.cli.__main__", "services.gateway.app", "services.nlu.app"),
    *(
        "services.generation.app",
        "services.monitoring.app",
        "services.channels.app",
        "services.training.app",
        "services.training.jobs.attempt",
    ),
)


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and not isinstance(arguments[1], str):  # a path leads to this machine
        CALLED.append(str(arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        CALLED.append(str(arguments[0]))


def main(home: Path, base: str) -> None:
    """Do what a platform does in its life, in short."""
    sys.addaudithook(_listen)
    from tests.unit.training import job_kit

    base_models = Path(base).parent
    with job_kit.bench(home, base_models=base_models) as bench:
        os.environ |= {"PARLEY_HOME": str(home), "PARLEY_BASE_MODELS": str(base_models), "PARLEY_TRAINING_THREADS": "1"}
        from shared.contracts.training.jobs import JobSpec
        from shared.storage.training import jobs

        spec = job_kit.spec(base, bench.upload(job_kit.lines()), epochs=1).model_dump() | {"integrations": TRACKERS}
        job_id, token = bench.submit(JobSpec.model_validate(spec)), secrets.token_hex(8)

        with bench.database.transaction() as session:
            assert jobs.claim(session, token=token, now=time.time(), lease_seconds=600, job_id=job_id)
        bench.settings.attempt_folder(token).mkdir(parents=True)
        from services.training.jobs import child_main as trainer

        assert trainer.main(job_id, token) == 0
        model = bench.job(job_id).fine_tuned_model
        assert model is not None, bench.told(job_id)
        assert not any("given up" in message for message in bench.told(job_id)), bench.told(job_id)
        for name in SERVICES:
            import_module(name)
        from shared.artifacts.bundle import Bundle
        from shared.inference.reader import TextReader

        folder = bench.store.fetch_folder(model_key(model), home / "cache")
        reader = TextReader.from_bundle(Bundle.open(folder))
        assert len(reader.read(["where is my parcel", "hello"])) == 2
        reader.close()
    (home / CALLS).write_text(json.dumps(CALLED))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
