"""Fine-tuning jobs that go on during a round, and the state in which each has to end."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from itertools import count

import httpx
import psutil

from shared.contracts.training.jobs import FINAL_STATUSES
from tests.chaos.caller import Caller
from tests.chaos.stack import Stack
from tests.unit.training import job_kit

#: Passes over the rows: about half a minute of steps for the tiny model, so that a kill meets one that trains.
_EPOCHS = 100
#: Seconds that a trainer may take to appear, and a job to end when everything runs again.
_PATIENCE = 120.0


@dataclass
class Jobs:
    """The jobs of one round, one at a time, and a cancelled one.

    Args:
        stack: Where they run.
        caller: Submits them.
    """

    stack: Stack
    caller: Caller
    expected: dict[str, set[str]] = field(default_factory=dict)
    """The states that each job may end in."""
    _numbers: count[int] = field(default_factory=count)
    _file: str = ""

    def begin(self) -> None:
        """Upload the rows, and submit the first job."""
        content = "\n".join(json.dumps(row) for row in job_kit.lines()).encode()
        client = next(iter(self.stack.http(30).values()))
        with client:
            form = {"purpose": "fine-tune"}
            reply = client.post("/v1/files", data=form, files={"file": ("rows.jsonl", content)}).raise_for_status()
        self._file = reply.json()["id"]
        self.submit()

    def submit(self) -> str:
        """One more job, which has to succeed."""
        body = {
            "model": self.stack.model_id,
            "training_file": self._file,
            "hyperparameters": {"batch_size": 8, "n_epochs": _EPOCHS, "learning_rate_multiplier": 10.0},
            "tuning": {"max_length": 32},
            "promotion": {"mode": "manual"},
        }
        reply = self._answered("POST", "/v1/fine_tuning/jobs", body, key=f"job-{next(self._numbers)}")
        job_id = str(reply.json()["id"])
        self.expected[job_id] = {"succeeded"}
        return job_id

    def cancel_one(self) -> None:
        """Submit a job and ask for its end; if it was faster, that is no fault."""
        job_id = self.submit()
        reply = self._answered("POST", f"/v1/fine_tuning/jobs/{job_id}/cancel", None, key=None)
        self.expected[job_id] = {reply.json()["status"]} & FINAL_STATUSES or {"cancelled", "succeeded"}

    def trainer(self) -> psutil.Process:
        """The process that trains; if all jobs have ended, of a new one."""
        deadline = time.monotonic() + _PATIENCE
        while not (found := self._trainers()):
            assert time.monotonic() < deadline, f"no trainer within {_PATIENCE:.0f} s; jobs: {self.states()}"
            if set(self.states().values()) <= FINAL_STATUSES:
                self.submit()
            time.sleep(0.2)
        return found[0]

    def is_training(self) -> bool:
        """Whether a trainer runs, or there is nothing left to train."""
        return bool(self._trainers()) or set(self.states().values()) <= FINAL_STATUSES

    def states(self) -> dict[str, str]:
        """Of every job, as the API tells it."""
        return {
            job_id: self._answered("GET", f"/v1/fine_tuning/jobs/{job_id}", None, key=None).json()["status"]
            for job_id in self.expected
        }

    def faults(self) -> list[str]:
        """Wait for all to end; the jobs that did not end as they had to."""
        deadline = time.monotonic() + _PATIENCE
        while not set((states := self.states()).values()) <= FINAL_STATUSES and time.monotonic() < deadline:
            time.sleep(0.5)
        return [
            f"{job_id} is {states[job_id]}, not {' or '.join(sorted(expected))}: {self._last_words(job_id)}"
            for job_id, expected in self.expected.items()
            if states[job_id] not in expected
        ]

    def _trainers(self) -> list[psutil.Process]:
        found = []
        for service in self.stack.services("training").values():
            if service.alive:
                found += psutil.Process(service.pid).children(recursive=True)
        return [process for process in found if "services.training.jobs.child_main" in _command(process)]

    def _last_words(self, job_id: str) -> str:
        events = self._answered("GET", f"/v1/fine_tuning/jobs/{job_id}/events?limit=5", None, key=None)
        return " / ".join(event["message"] for event in events.json()["data"])

    def _answered(self, method: str, path: str, body: object, *, key: str | None) -> httpx.Response:
        reply = self.caller.until_answered(method, path, body, key=key)
        assert reply is not None, f"{method} {path} was never answered"
        return reply


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.NoSuchProcess:
        return []
