"""The whole service: bot files from the database, models from the store, turns from the bus."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from services.generation.app import running
from services.generation.settings import GenerationSettings
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.store import open_store
from shared.contracts.chat.turns import TurnAnswered, TurnReceived, TurnUnderstood
from shared.contracts.chat.understanding import OUT_OF_SCOPE, IntentScore, Understanding
from shared.contracts.releases import BotPublished, ModelPublished
from shared.errors import NoBot
from shared.inference.reader import TextReader
from shared.messaging.bus import Bus
from shared.messaging.envelope import envelope
from shared.messaging.requesting.requester import Requester
from shared.settings import read_settings
from shared.storage.chat import bots
from shared.storage.database.engine import Database, open_database
from shared.storage.tables.core import Model
from shared.storage.training import models
from tests.bundles import Recipe, tiny_bundle
from tests.integration.places import Place
from tests.unit.dialogue.conversation import DESK

MODEL = "ft:tiny:parley::one"
QUESTION = "May I bring my dog?"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "one", Recipe(model_id=MODEL))


@pytest.fixture(scope="module")
def embedding(bundle: Bundle) -> str:
    """Of ``QUESTION``, as nlu sends it."""
    reader = TextReader.from_bundle(bundle)
    vector = reader.embed([QUESTION])[0].astype("<f2")
    reader.close()
    return base64.b64encode(vector.tobytes()).decode()


@pytest.fixture
def settings(where: Place) -> GenerationSettings:
    return read_settings(GenerationSettings, **where.settings())


@pytest.fixture
def database(settings: GenerationSettings, bundle: Bundle) -> Iterator[Database]:
    """With a model in production."""
    open_store(settings.artifacts).put_folder(model_key(MODEL), bundle.folder)
    with open_database(settings.database) as database:
        with database.transaction() as session:
            models.add(session, Model(id=MODEL, task="nlu", base_model="tiny", created_at=1.0, size_bytes=1))
            models.promote(session, "nlu", MODEL, "test", 1.0)
        yield database


def apply(database: Database, source: str, bus: Bus | None = None) -> None:
    with database.transaction() as session:
        row = bots.add(session, source, "test", time.time())
    if bus is not None:
        with bus.publisher() as publisher:
            publisher.publish([envelope(BotPublished(version=row.version or 0))])


def understood(text: str, intent: str, embedding: str = "") -> TurnUnderstood:
    turn = TurnReceived(turn_id="turn_1", conversation_id="conv_1", text=text, received_at=1_773_100_800.0)
    understanding = Understanding(model=MODEL, intent=IntentScore(name=intent, confidence=0.9))
    return TurnUnderstood(turn=turn, understanding=understanding, embedding=embedding)


def ask(requester: Requester, message: TurnUnderstood) -> TurnAnswered:
    answer = requester.submit(message, timeout=20.0).result()
    assert isinstance(answer, TurnAnswered)
    return answer


def test_a_turn_is_answered(settings: GenerationSettings, database: Database, requester: Requester) -> None:
    apply(database, DESK)
    with running(settings) as health:
        answered = ask(requester, understood("flights for tomorrow", "flights"))
        assert health.report().ready
    assert (answered.turn_id, answered.conversation_id, answered.bot_version) == ("turn_1", "conv_1", 1)
    assert answered.answer.text == "Let us see. Which airline?"
    assert answered.state.flows[0].slots == {"day": "2026-03-11"}, "counted from the day of the turn"


def test_knowledge_is_found_with_the_embedding_of_the_model_that_read_the_turn(
    settings: GenerationSettings, database: Database, requester: Requester, embedding: str
) -> None:
    apply(database, DESK)
    with running(settings):
        answered = ask(requester, understood(QUESTION, OUT_OF_SCOPE, embedding))
        without = ask(requester, understood(QUESTION, OUT_OF_SCOPE))
    assert answered.answer.kind == "knowledge"
    (citation,) = answered.answer.citations
    assert citation.id == "dogs"
    assert citation.score == pytest.approx(1.0, abs=1e-2), "half precision on the way"
    assert without.answer.kind == "fallback", "a model without embeddings has no knowledge"


def test_another_message_is_less_near(settings: GenerationSettings, database: Database, requester: Requester) -> None:
    apply(database, DESK)
    vector = np.zeros(32, dtype="<f2")
    with running(settings):
        answered = ask(requester, understood("hm", OUT_OF_SCOPE, base64.b64encode(vector.tobytes()).decode()))
    assert answered.answer.kind == "fallback"


def test_without_a_bot_the_caller_knows_at_once(
    settings: GenerationSettings, database: Database, requester: Requester
) -> None:
    with running(settings) as health:
        asked = time.monotonic()
        with pytest.raises(NoBot, match="parley bot apply"):
            ask(requester, understood("hello", "greet"))
        assert time.monotonic() - asked < 5.0
        assert "parley bot apply" in health.report().problems["bot"]
        apply(database, DESK)
        assert ask(requester, understood("hello", "greet")).bot_version == 1


def test_a_new_bot_takes_effect(
    settings: GenerationSettings, database: Database, bus: Bus, requester: Requester
) -> None:
    apply(database, DESK)
    with running(settings):
        assert ask(requester, understood("when?", "hours")).answer.text == "We open at 9."
        apply(database, DESK.replace("We open at 9.", "We open at 10."), bus)
        with bus.publisher() as publisher:
            publisher.publish([envelope(ModelPublished(slot="nlu", model_id=MODEL))])
        deadline = time.monotonic() + 8  # sooner than the next look into the database
        while (answered := ask(requester, understood("when?", "hours"))).bot_version == 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert answered.answer.text == "We open at 10."


@pytest.mark.parametrize("where", ["stack"], indirect=True)
def test_a_process_of_its_own_ends_on_sigterm(where: Place, database: Database, requester: Requester) -> None:
    apply(database, DESK)
    environment = os.environ | where.environment()
    process = subprocess.Popen([sys.executable, "-m", "services.generation"], env=environment)
    try:
        assert ask(requester, understood("when?", "hours")).answer.text == "We open at 9."
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()
