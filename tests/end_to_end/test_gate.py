"""What keeps a worse model out of production, and what brings the former one back."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from tests.end_to_end import scenario
from tests.end_to_end.platforms import Platform, wait_for
from tests.end_to_end.scenario import Row

SPOILT = "refund_status"
ENDINGS = ("", "!", "?", ".", " please")
TEXTS = (
    "where is my order A-10432?",
    "I want to know about flights",
    "has my refund been sent?",
    "do you like jazz?",
    "good morning",
)


def carelessly_labelled(rows: Sequence[Row]) -> Iterator[Row]:
    """Five wordings of each text, of which four stand under another intent: no model can learn which, so that the label is lost."""
    chance = random.Random(0)
    for row in rows:
        right = chance.choice(ENDINGS)
        for ending in ENDINGS:
            yield row | {"text": row["text"] + ending, "intent": SPOILT if ending == right else "order_status"}


def test_a_model_that_forgot_a_label_is_refused_and_says_why(starter: Platform) -> None:
    client = starter.client()
    before = answers(starter)
    others = scenario.starter_rows([intent for intent in scenario.INTENTS if intent != SPOILT])
    file_id = scenario.upload(client, [*others, *carelessly_labelled(scenario.starter_rows((SPOILT,)))])
    submitted = scenario.submit(client, file_id, epochs=2, suffix="spoilt", promotion={"min_label_rows": 1})
    job = scenario.finished(client, submitted.id)
    assert job.status == "succeeded", scenario.last_events(client, job.id)
    assert job.fine_tuned_model is not None
    model = client.models.retrieve(job.fine_tuned_model).model_extra or {}
    assert model["production"] is False
    refusal = " ".join(event.message for event in client.fine_tuning.jobs.list_events(job.id) if event.level == "warn")
    assert "not promoted" in refusal
    assert re.search(rf"F1 of intent {SPOILT} 0\.\d+, in production 0\.\d+ \(may lose 0\.100\)", refusal), refusal
    assert answers(starter) == before, "production is untouched"


def test_rollback_restores_the_former_answers_byte_for_byte(starter: Platform) -> None:
    client = starter.client()
    before = answers(starter)
    former = production(starter)
    file_id = scenario.upload(client, scenario.few_rows(("order_status", "greeting", "flight_search")))
    job = scenario.finished(
        client, scenario.submit(client, file_id, epochs=2, suffix="narrow", promotion={"mode": "manual"}).id
    )
    assert job.fine_tuned_model is not None, scenario.last_events(client, job.id)
    with starter.http() as http:
        path = f"/v1/models/{job.fine_tuned_model}"
        http.post(f"{path}/promote", json={"force": True}).raise_for_status()
        wait_for(lambda: answers(starter) != before, "other answers", starter, 30)
        http.post(f"{path}/rollback").raise_for_status()
        wait_for(lambda: served(starter) == former, "the former model", starter, 30)
    assert answers(starter) == before


def answers(platform: Platform) -> list[bytes]:
    """What the bot says to some texts, each a conversation of its own."""
    client = platform.client()
    replies = []
    for text in TEXTS:
        reply = client.chat.completions.create(model="parley", messages=[{"role": "user", "content": text}])
        replies.append((reply.choices[0].message.content or "").encode())
    return replies


def production(platform: Platform) -> str:
    """The id of the model in production; ``parley``, the name for whichever that is, is listed too."""
    models = [model for model in platform.client().models.list() if model.id.startswith("ft:")]
    return next(model.id for model in models if (model.model_extra or {}).get("production"))


def served(platform: Platform) -> str:
    """The id of the model that read the last text."""
    with platform.http() as http:
        reading = http.post("/v1/analyze", json={"input": "hello"}).raise_for_status().json()["data"][0]
    return str(reading["model"])
