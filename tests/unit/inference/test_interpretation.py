from __future__ import annotations

import numpy as np
import pytest

from shared.artifacts.manifest import Calibration, Labels, Manifest, Parity, ScopeCalibration
from shared.contracts.chat.understanding import OUT_OF_SCOPE, Understanding
from shared.contracts.training.jobs import JobSpec
from shared.errors import BrokenArtifact
from shared.inference.interpretation import Interpreter
from shared.inference.session import FloatArray
from shared.inference.tokens import Encoded

LABELS = Labels(
    intents=("bye", "greet", "help", "order", "pay", "return"), sentiments=("negative", "neutral", "positive")
)
ENCODED = Encoded([101, 7, 102], [(0, 0), (0, 2), (0, 0)], [False, False, False])
OUTPUTS = {
    "intent": np.array([[0.0, 3.0, 1.0, 2.0, -1.0, -2.0]], dtype=np.float32),
    "sentiment": np.array([[2.0, 0.0, 1.0]], dtype=np.float32),
    "sentence_embedding": np.array([[1.0, 0.0]], dtype=np.float32),
}


def manifest(labels: Labels = LABELS, calibration: Calibration | None = None) -> Manifest:
    return Manifest(
        model_id="m",
        base_model="tiny",
        created_at=0,
        data_sha256="",
        spec=JobSpec(model="tiny", training_file="file-1"),
        job_id="ftjob-1",
        labels=labels,
        embedding_size=2,
        max_length=16,
        calibration=calibration or Calibration(),
        served_file="model.onnx",
        metrics={},
        parity=Parity(max_abs_difference=0, int8_scheme=None, int8_loss=None),
        files={},
    )


def interpreted(
    labels: Labels = LABELS, calibration: Calibration | None = None, neighbours: FloatArray | None = None
) -> Understanding:
    nearby = neighbours if neighbours is not None else np.zeros((0, 2), dtype=np.float32)
    return Interpreter(manifest(labels, calibration), nearby).interpret(["hi"], [ENCODED], [OUTPUTS])[0]


def test_the_likeliest_intent_leads_a_ranking_of_five() -> None:
    understanding = interpreted()
    assert understanding.intent == understanding.ranking[0]
    assert [score.name for score in understanding.ranking] == ["greet", "order", "help", "bye", "pay"]
    confidences = [score.confidence for score in understanding.ranking]
    assert confidences == pytest.approx((np.exp([3, 2, 1, 0, -1]) / np.exp([3, 2, 1, 0, -1, -2]).sum()).tolist())


def test_temperatures_soften_confidence_and_change_no_label() -> None:
    plain = interpreted()
    soft = interpreted(calibration=Calibration(intent_temperature=3.0, sentiment_temperature=3.0))
    assert plain.intent is not None
    assert soft.intent is not None
    assert soft.intent.name == plain.intent.name
    assert soft.intent.confidence < plain.intent.confidence
    assert plain.sentiment is not None
    assert soft.sentiment is not None
    assert soft.sentiment.label == plain.sentiment.label == "negative"
    assert abs(soft.sentiment.score) < abs(plain.sentiment.score)


@pytest.mark.parametrize(("neighbour", "is_in_scope"), [((1.0, 0.0), True), ((0.0, 1.0), False)])
def test_a_text_far_from_all_training_rows_is_out_of_scope_and_ranked_so(
    neighbour: tuple[float, float], is_in_scope: bool
) -> None:
    scope = ScopeCalibration(weights={"nearest": 1.0}, threshold=0.5, slope=4.0, in_scope_rejection=0.05)
    understanding = interpreted(
        calibration=Calibration(scope=scope), neighbours=np.array([neighbour], dtype=np.float32)
    )
    assert understanding.intent is not None
    assert understanding.intent.name == ("greet" if is_in_scope else OUT_OF_SCOPE)
    assert understanding.ranking[0] == understanding.intent
    assert {"greet", OUT_OF_SCOPE} <= {score.name for score in understanding.ranking}
    confidences = [score.confidence for score in understanding.ranking]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) <= 1.0 + 1e-6


def test_heads_that_the_model_lacks_leave_their_field_empty() -> None:
    understanding = interpreted(labels=Labels())
    assert understanding.intent is None
    assert understanding.ranking == ()
    assert understanding.entities == ()
    assert understanding.sentiment is None


def test_a_blank_text_asks_and_feels_nothing() -> None:
    encoded = Encoded([101, 102], [(0, 0), (0, 0)], [False, False])
    understanding = Interpreter(manifest(), np.zeros((0, 2), dtype=np.float32)).blank(" ", encoded)
    assert understanding.tokens == 2
    assert understanding.intent is not None
    assert understanding.intent.name == OUT_OF_SCOPE
    assert understanding.ranking == (understanding.intent,)
    assert understanding.sentiment is not None
    assert (understanding.sentiment.label, understanding.sentiment.score) == ("neutral", 0.0)


@pytest.mark.parametrize("head", ["intent", "sentiment", "sentence_embedding"])
def test_a_head_that_does_not_fit_the_labels_is_a_broken_artifact(head: str) -> None:
    interpreter = Interpreter(manifest(), np.zeros((0, 2), dtype=np.float32))
    interpreter.check(OUTPUTS)
    with pytest.raises(BrokenArtifact, match=head):
        interpreter.check(OUTPUTS | {head: OUTPUTS[head][:, :-1]})
    with pytest.raises(BrokenArtifact, match=head):
        interpreter.check({name: value for name, value in OUTPUTS.items() if name != head})
