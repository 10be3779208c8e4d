"""The main job on the platform in one process."""

from __future__ import annotations

from tests.end_to_end import scenario
from tests.end_to_end.platforms import Platform


def test_upload_to_promoted_model(starter: Platform) -> None:
    model_id = scenario.run_main_job(starter, promotion={"mode": "manual"})
    assert model_id.startswith("ft:minilm:parley:e2e:")


def test_chat_streamed_and_not(starter: Platform) -> None:
    scenario.check_chat(starter)


def test_embeddings(starter: Platform) -> None:
    scenario.check_embeddings(starter)


def test_conversation(starter: Platform) -> None:
    scenario.check_conversation(starter)


def test_sentiment_trend_and_alert(starter: Platform) -> None:
    scenario.check_sentiment(starter)
