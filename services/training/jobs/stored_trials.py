"""The finished trials of a search, beside the checkpoints of its job: JSON, one folder a trial, each whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from services.training.searching.trial import Trial
from shared.artifacts.layout import checkpoints_key
from shared.artifacts.store import ArtifactStore

_FILE = "trial.json"


class StoredTrials:
    """Those of one job.

    Args:
        store: Where they are kept; they go with the checkpoints.
        job_id: Whose.
        cache: For what is fetched.
    """

    def __init__(self, store: ArtifactStore, job_id: str, cache: Path) -> None:
        self._store = store
        self._folder = checkpoints_key(job_id)
        self._cache = cache

    def finished(self) -> list[Trial]:
        """Those that are over, in order."""
        found: list[Trial] = []
        while self._store.exists(key := self._key(len(found))):
            folder = self._store.fetch_folder(key, self._cache)
            found.append(Trial.model_validate_json((folder / _FILE).read_bytes()))
        return found
        return found

    def add(self, trial: Trial) -> None:
        """One is over."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache) as folder:
            (Path(folder) / _FILE).write_text(trial.model_dump_json())
            self._store.put_folder(self._key(trial.number), Path(folder))

    def _key(self, number: int) -> str:
        return f"{self._folder}/trial-{number:04d}"
