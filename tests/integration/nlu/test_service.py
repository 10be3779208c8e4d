from __future__ import annotations

import base64
import time
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from services.nlu.app import running
from services.nlu.settings import NluSettings
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import FP32_MODEL
from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat.turns import TurnReceived, TurnUnderstood
from shared.contracts.message import Message
from shared.contracts.training.few_shot import FewShot, FewShotLabel
from shared.contracts.training.prediction import PredictRows, RowsPredicted
from shared.errors import InvalidInput, NoModel, NotFound
from shared.inference.reader import TextReader
from shared.messaging.bus import Bus
from shared.messaging.envelope import envelope
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from shared.storage.tables.core import Model
from shared.storage.training import models
from shared.tasks.readers import open_predictor
from shared.tasks.records import RECORDS
from tests.bundles import LABELS, WIDTH
from tests.integration.nlu.desk import MODELS, OTHER, Desk

ONE, TWO, THREE = MODELS
TURN = TurnReceived(turn_id="turn_1", conversation_id="conv_1", text="Where is my order?", received_at=1.0)


def analyzed(requester: Requester, text: str, model: str | None = None) -> TextAnalyzed:
    request = AnalyzeText(texts=(text,), model=model, with_embeddings=True)
    answer = requester.submit(request, timeout=20.0).result()
    assert isinstance(answer, TextAnalyzed)
    return answer


def model_of(answer: Message) -> str:
    assert isinstance(answer, TextAnalyzed)
    return answer.understandings[0].model


def test_a_turn_goes_on_to_generation_with_what_was_understood(settings: NluSettings, desk: Desk, bus: Bus) -> None:
    desk.promote(ONE)
    received = envelope(TURN, correlation_id="c-1", reply_to="rpc.reply.test", deadline=time.time() + 20)
    with running(settings), bus.publisher() as publisher, bus.subscribe(Queues.GENERATION, 10) as generation:
        publisher.publish([received])
        (delivery,) = generation.receive(10, 20.0)
        onward = delivery.decode()
        generation.settle([delivery])
    understood = onward.message
    assert isinstance(understood, TurnUnderstood)
    assert (onward.correlation_id, onward.reply_to, onward.deadline) == ("c-1", "rpc.reply.test", received.deadline)
    assert understood.turn == TURN
    assert understood.understanding.model == ONE
    assert {score.name for score in understood.understanding.ranking} <= set(LABELS.intents)
    assert len(base64.b64decode(understood.embedding)) == 2 * WIDTH


def test_what_is_served_is_what_the_reader_of_the_bundle_reads(
    settings: NluSettings, desk: Desk, requester: Requester, bundles: dict[str, Bundle]
) -> None:
    desk.promote(ONE)
    texts = ("Where is my order?", "", "我要退货", "a" * 10_000)
    reader = TextReader.from_bundle(bundles[ONE])
    expected = reader.read(texts)
    reader.close()
    with running(settings):
        answer = requester.submit(AnalyzeText(texts=texts, with_embeddings=True), timeout=20.0).result()
    assert isinstance(answer, TextAnalyzed)
    assert answer.tokens == sum(reading.tokens for reading in expected)
    for understanding, embedding, reading in zip(answer.understandings, answer.embeddings, expected, strict=True):
        assert understanding.entities == reading.understanding.entities
        assert [score.name for score in understanding.ranking] == [s.name for s in reading.understanding.ranking]
        np.testing.assert_allclose(
            np.frombuffer(base64.b64decode(embedding), dtype="<f4"), reading.embedding, atol=1e-5
        )


def test_without_a_model_the_caller_knows_at_once(settings: NluSettings, desk: Desk, requester: Requester) -> None:
    with running(settings) as health:
        asked = time.monotonic()
        with pytest.raises(NoModel, match="promote"):
            analyzed(requester, "hello")
        assert time.monotonic() - asked < 5.0
        assert "promote" in health.report().problems["model"]


def test_named_models_answer_beside_the_one_in_production(
    settings: NluSettings, desk: Desk, requester: Requester
) -> None:
    desk.promote(ONE)
    with running(settings) as health:
        for model in (TWO, ONE, THREE, None, TWO):
            assert model_of(analyzed(requester, "hello", model)) == (model or ONE)
        with pytest.raises(NotFound, match="ft:nobody"):
            analyzed(requester, "hello", "ft:nobody")
        assert health.report().ready


def test_models_of_other_tasks_answer_through_the_same_queue(
    settings: NluSettings, desk: Desk, requester: Requester, bundles: dict[str, Bundle]
) -> None:
    desk.promote(ONE)
    rows = tuple({"text": text} for text in ("where is my parcel", "when do you open", ""))
    with closing(open_predictor(bundles[OTHER])) as predictor:
        inputs = [RECORDS["text_classification"].parse_input(row) for row in rows[:2]]
        expected = [prediction.answer["label"] for prediction in predictor.predict(inputs)]
    with running(settings):
        answers = [requester.submit(PredictRows(rows=rows[:2], model=OTHER), timeout=20.0) for _ in range(20)]
        for found in (answer.result() for answer in answers):
            assert isinstance(found, RowsPredicted)
            assert (found.model, found.task) == (OTHER, "text_classification")
            assert [answer["label"] for answer in found.answers] == expected
        understood = requester.submit(PredictRows(rows=rows[:1], model=ONE), timeout=20.0).result()
        assert isinstance(understood, RowsPredicted)
        assert understood.answers[0]["ranking"]
        with pytest.raises(InvalidInput, match="predict"):
            analyzed(requester, "hello", OTHER)
        with pytest.raises(InvalidInput, match="text"):
            requester.submit(PredictRows(rows=rows[2:], model=OTHER), timeout=20.0).result()
        with pytest.raises(NotFound, match="ft:nobody"):
            requester.submit(PredictRows(rows=rows[:1], model="ft:nobody"), timeout=20.0).result()


def test_a_model_of_a_few_examples_stands_on_another(settings: NluSettings, desk: Desk, requester: Requester) -> None:
    labels = (
        FewShotLabel(name="track", examples=("where is my parcel",)),
        FewShotLabel(name="hours", examples=("when",)),
    )
    few_shot = FewShot(labels=labels, embedder=TWO)
    row = Model(
        id="fs:kinds:1", task="text_classification", base_model=TWO, created_at=1.0, size_bytes=1, few_shot=few_shot
    )
    with desk.database.transaction() as session:
        models.add(session, row)
    with running(settings):
        question = PredictRows(rows=({"text": "where is my parcel"}, {"text": "when"}), model="fs:kinds:1")
        found = requester.submit(question, timeout=20.0).result()
    assert isinstance(found, RowsPredicted)
    assert [answer["label"] for answer in found.answers] == ["track", "hours"]


def test_a_swap_loses_no_request_and_takes_effect_for_all_that_come_after(
    settings: NluSettings, desk: Desk, bus: Bus, requester: Requester
) -> None:
    desk.promote(ONE)
    with running(settings):
        answers: list[Future[Message]] = []
        for model_id in (TWO, THREE, ONE):
            desk.promote(model_id, bus)
            deadline = time.monotonic() + 20
            while True:
                answers += [requester.submit(AnalyzeText(texts=("hello",)), timeout=20.0) for _ in range(5)]
                if model_of(answers[-1].result()) == model_id or time.monotonic() > deadline:
                    break
            assert model_of(answers[-1].result()) == model_id
    order = [model_of(answer.result()) for answer in answers]
    assert [model for model, before in zip(order, ["", *order], strict=False) if model != before] in (
        [ONE, TWO, THREE, ONE],
        [TWO, THREE, ONE],
    )


def test_a_damaged_model_leaves_the_one_before_it_in_service(
    settings: NluSettings, desk: Desk, bus: Bus, requester: Requester
) -> None:
    desk.promote(ONE)
    with running(settings) as health:
        damaged = settings.home / "artifacts" / "models" / TWO / FP32_MODEL
        _flip_a_byte(damaged)
        desk.promote(TWO, bus)
        deadline = time.monotonic() + 20
        while health.report().ready and time.monotonic() < deadline:
            assert model_of(analyzed(requester, "hello")) == ONE
        assert FP32_MODEL in health.report().problems["model"]
        assert model_of(analyzed(requester, "hello")) == ONE


def _flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(content)
