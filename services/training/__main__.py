"""``python -m services.training``: one training worker."""

from __future__ import annotations

from services.training.app import running
from services.training.settings import TrainingSettings
from shared.process import serve

if __name__ == "__main__":
    serve("training", TrainingSettings, running)
