"""What graders compute, beside the usual libraries where they have the measure."""

from __future__ import annotations

import pytest
from nltk.translate.gleu_score import sentence_gleu
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from shared.errors import InvalidInput
from shared.evals import formulas, similarity
from shared.evals.similarity import MEASURES
from shared.evals.templates import filled, value_at

PAIRS = (
    ("the cat sat on the mat", "the cat is on the mat"),
    ("a quick brown fox jumps over the lazy dog", "the quick brown fox jumped over a lazy dog today"),
    ("entirely other words stand here", "nothing of this is equal to that"),
)


@pytest.mark.parametrize(("said", "wanted"), PAIRS)
def test_measures_agree_with_libraries(said: str, wanted: str) -> None:
    scorer = RougeScorer(["rouge1", "rouge2", "rouge3", "rougeL"])
    theirs = scorer.score(wanted, said)
    for ours, name in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_3", "rouge3"), ("rouge_l", "rougeL")):
        assert MEASURES[ours](said, wanted) == pytest.approx(theirs[name].fmeasure), ours
    assert MEASURES["gleu"](said, wanted) == pytest.approx(sentence_gleu([wanted.split()], said.split()))
    smoothed = BLEU(smooth_method="add-k", smooth_value=1, effective_order=True).sentence_score(said, [wanted]).score
    assert MEASURES["bleu"](said, wanted) == pytest.approx(smoothed / 100, abs=1e-3)


@pytest.mark.parametrize("name", MEASURES)
def test_equal_texts_are_alike_and_chinese_is_read_by_characters(name: str) -> None:
    measure = MEASURES[name]
    assert measure("我想查询一下我的订单", "我想查询一下我的订单") == pytest.approx(1, abs=1e-3)
    near, far = measure("我想查询一下我的订单", "我想查询一下你的订单"), measure("我想查询一下我的订单", "退款")
    assert 1 > near > far
    assert measure("", "something") == 0
    assert MEASURES["fuzzy_match"]("", "") == 1


def test_meteor_minds_the_order() -> None:
    whole, mixed = MEASURES["meteor"]("a b c d", "a b c d"), MEASURES["meteor"]("d c b a", "a b c d")
    assert whole > 0.98
    assert mixed == pytest.approx(0.5)
    assert similarity.longest_common("kitten", "sitting") == 4


@pytest.mark.parametrize(
    ("formula", "value"), [("x + 2 * y", 5.0), ("-x ** 2", -1.0), ("max(x, y, 0.5) / 4", 0.5), ("sqrt(abs(-4))", 2.0)]
)
def test_formulas(formula: str, value: float) -> None:
    assert formulas.computed(formula, {"x": 1.0, "y": 2.0}) == value


@pytest.mark.parametrize(
    "formula",
    ["x / 0", "9 ** 9 ** 9", "log(0)", "z", "x if y else 0", "[x]", "min()", "'a'", "(" * 500, "lambda: 1", "1e999"],
)
def test_what_is_no_number_is_told(formula: str) -> None:
    with pytest.raises(InvalidInput):
        formulas.computed(formula, {"x": 1.0, "y": 2.0})


def test_templates_reach_into_rows_and_no_further() -> None:
    names = {"item": {"a": {"b": [1, {"c": "深"}]}, "名": "x"}, "sample": {"output_text": "{{item.a}}"}}
    assert filled("{{item.a.b[1].c}} {{ item.名 }} {{item.a.b[0]}}", names) == "深 x 1"
    assert filled("{{sample.output_text}}", names) == "{{item.a}}", "what a row says is not read as a template"
    assert filled("{{item.a}}", names) == '{"b": [1, {"c": "深"}]}'
    for path in ("item.z", "item.a.b[7]", "item.a.b.c", "item.__class__", "other.x"):
        with pytest.raises(InvalidInput):
            value_at(path, names)
