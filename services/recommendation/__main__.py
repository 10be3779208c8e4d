"""``python -m services.recommendation``: one process of recommendation."""

from __future__ import annotations

from services.recommendation.app import running
from services.recommendation.settings import RecommendationSettings
from shared.process import serve

if __name__ == "__main__":
    serve("recommendation", RecommendationSettings, running)
