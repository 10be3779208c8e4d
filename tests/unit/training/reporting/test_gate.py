"""The gate refuses a model that one label got worse in, and says by how much."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.gateway.models.gate import reasons
from services.training.reporting.bias import BiasVerdict, require_told
from services.training.reporting.figures import Evaluation, LabelScore
from services.training.reporting.gate import DialogueVerdict, Verdict, Violation, compare
from services.training.tasks.nlu.evaluation import QUALITY
from shared.bias.report import Difference, Interval
from shared.contracts.training.jobs import Promotion
from shared.errors import TrainingFailed

_BUDGET = Promotion(max_regression=0.1, max_overall_regression=0.01, min_label_rows=5)


def _evaluation(f1: dict[str, float], accuracy: float = 0.9, *, support: int = 20, head: str = "intent") -> Evaluation:
    table = {label: LabelScore(value, value, value, support) for label, value in f1.items()}
    return Evaluation(100, {"intent_accuracy": accuracy}, {head: table})


def test_an_equal_model_passes() -> None:
    same = _evaluation({"a": 0.9, "b": 0.8})
    assert compare(same, same, _BUDGET, "ft:old", QUALITY).passed


def test_a_loss_within_the_budget_passes() -> None:
    assert compare(_evaluation({"a": 0.8}, 0.89), _evaluation({"a": 0.9}, 0.9), _BUDGET, "ft:old", QUALITY).passed


def test_one_label_is_enough_to_refuse() -> None:
    verdict = compare(
        _evaluation({"a": 0.95, "b": 0.5}, 0.95), _evaluation({"a": 0.9, "b": 0.8}), _BUDGET, "ft:old", QUALITY
    )
    assert verdict.violations == (Violation("intent", "b", 0.5, 0.8, 0.1),)
    assert "F1 of intent b 0.500, in production 0.800 (may lose 0.100)" in str(verdict.violations[0])
    assert verdict.to_json() == {
        "passed": False,
        "production": "ft:old",
        "violations": [{"head": "intent", "label": "b", "candidate": 0.5, "production": 0.8, "budget": 0.1}],
        "dialogues": None,
        "eval": None,
        "bias": None,
    }


def test_overall_scores_have_a_budget_of_their_own() -> None:
    verdict = compare(_evaluation({"a": 0.9}, 0.85), _evaluation({"a": 0.9}, 0.9), _BUDGET, "ft:old", QUALITY)
    assert verdict.violations == (Violation("overall", "intent_accuracy", 0.85, 0.9, 0.01),)


def test_rare_labels_are_judged_together() -> None:
    before = _evaluation({"a": 1.0, "b": 0.5, "c": 0.6}, support=3)
    shifted = _evaluation({"a": 0.5, "b": 1.0, "c": 0.6}, support=3)
    worse = _evaluation({"a": 0.5, "b": 0.5, "c": 0.6}, support=3)
    assert compare(shifted, before, _BUDGET, "ft:old", QUALITY).passed
    (violation,) = compare(worse, before, _BUDGET, "ft:old", QUALITY).violations
    assert violation.label == "of a, b, c"


def test_a_label_that_the_candidate_never_tells_counts_as_zero() -> None:
    verdict = compare(_evaluation({"x": 1.0}), _evaluation({"city": 0.7}, head="entity"), _BUDGET, "ft:old", QUALITY)
    assert verdict.violations == (Violation("entity", "city", 0.0, 0.7, 0.1),)


def test_dialogues_are_judged_by_the_share_of_turns_that_are_right() -> None:
    held = DialogueVerdict(turns=10, required=0.9, wrong=(("hours", 2),))
    assert Verdict(None, dialogues=held).passed
    assert not Verdict(None, dialogues=replace(held, wrong=(("hours", 2), ("hours", 3)))).passed
    assert Verdict(None, dialogues=held).to_json()["dialogues"]["turns_right"] == 9


def _differs(low: float) -> Difference:
    return Difference("name", "polish", 40, Interval(low, low, low), None)


def test_a_group_that_is_surely_answered_otherwise_is_held_against_the_budget() -> None:
    fair, minds = BiasVerdict(0.1, 20, [_differs(0.0), _differs(0.1)]), BiasVerdict(0.1, 20, [_differs(0.2)])
    assert Verdict(None, bias=fair).passed
    refused = Verdict(None, bias=minds)
    assert not refused.passed
    assert refused.to_json()["bias"]["groups"][0]["surely"] == 0.2
    assert "name 'polish' is answered otherwise the most: surely by 0.200 (allowed: 0.100)" in str(minds)
    assert list(reasons(refused.to_json())) == [
        "name 'polish' is answered otherwise, surely by 0.200; 0.100 is allowed"
    ]
    assert BiasVerdict(0.0, 0, []).passed, "there was nothing to swap"


def test_a_budget_of_bias_is_refused_where_none_is_told() -> None:
    require_told("nlu", 0.1)
    require_told("embedding", None)
    with pytest.raises(TrainingFailed, match="leave it out for"):
        require_told("embedding", 0.1)
