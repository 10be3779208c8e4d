from __future__ import annotations

import pytest

from shared.bot.writing import Example
from shared.contracts.chat.turns import PastTurn
from shared.contracts.knowledge.passages import Passage
from shared.dialogue.grounding.citing import cited, faithful, numbered
from shared.dialogue.grounding.gate import SentenceGate
from shared.dialogue.grounding.history import SUMMARY_TOKENS, summary_of, trimmed
from shared.dialogue.grounding.prompting import nearest
from shared.dialogue.grounding.quoting import quoted
from shared.dialogue.grounding.support import best_support
from shared.text.tokens import count_tokens


def passage(text: str, *, start: int = 0, similarity: float = 0.6, coverage: float = 0.6) -> Passage:
    return Passage(
        file_id="f",
        filename="f.md",
        position=0,
        text=text,
        start=start,
        score=1.0,
        similarity=similarity,
        coverage=coverage,
    )


WARRANTY = passage("Shipping is free. The warranty lasts two years. It covers the battery.", start=100)
HOURS = passage("The shop opens at nine.")


def test_what_is_near_and_shares_words_supports_an_answer() -> None:
    near, far = passage("x", similarity=0.8, coverage=0.9), passage("x", similarity=0.2, coverage=0.1)
    assert best_support([far, near], judged=False) > 0.5 > best_support([far], judged=False)
    assert best_support([], judged=False) == 0.0
    assert best_support([near], judged=True) == near.score


def test_a_number_cites_its_passage_and_the_sentence_that_bears_it_out() -> None:
    [one] = cited("The warranty lasts two years [1].", [WARRANTY, HOURS])
    assert (one.number, one.quote, one.overlap) == (1, "The warranty lasts two years.", 1.0)
    assert (one.start, one.end) == (118, 147)


def test_a_sentence_without_a_number_cites_what_bears_it_out() -> None:
    assert [one.number for one in cited("It opens at nine. The warranty lasts two years.", [WARRANTY, HOURS])] == [2, 1]


def test_numbers_of_nothing_go() -> None:
    assert numbered("Two years [1][7]. Or [12] not.", 2) == "Two years [1]. Or not."


def test_an_answer_is_faithful_as_far_as_its_words_stand_in_what_it_cites() -> None:
    assert faithful("The warranty lasts two years [1].", [WARRANTY]) == 1.0
    assert faithful("The warranty lasts ten centuries [1].", [WARRANTY]) == pytest.approx(0.5)
    assert faithful("保修期为两年 [1]。", [passage("本店保修期为两年。")]) == 1.0


def test_sentences_pass_as_soon_as_they_are_whole() -> None:
    gate = SentenceGate([WARRANTY], 0.5)
    said = [
        gate.feed(piece) for piece in ("The warranty lasts", " two years [1].", " It covers", " the battery [1]. And")
    ]
    assert said == ["", "", "The warranty lasts two years [1].", " It covers the battery [1]."]
    assert gate.end() == ""
    assert gate.text == "The warranty lasts two years [1]. It covers the battery [1]."


@pytest.mark.parametrize(
    "written", ["NO ANSWER", "Refunds need forty signatures from wizards. The warranty lasts two years [1]."]
)
def test_what_is_not_borne_out_is_not_said(written: str) -> None:
    gate = SentenceGate([WARRANTY], 0.5)
    assert gate.feed(written) + gate.end() == ""
    assert gate.refused


def test_an_answer_ends_before_its_first_invention() -> None:
    gate = SentenceGate([WARRANTY], 0.5)
    assert (
        gate.feed("The warranty lasts two years [1]. Dragons guard every parcel forever.")
        == "The warranty lasts two years [1]."
    )
    assert gate.end() == ""
    assert "borne out" in (gate.refused or "")


def test_without_a_model_the_passage_is_quoted() -> None:
    assert quoted("how long is the warranty", [WARRANTY, HOURS]).startswith("The warranty lasts two years.")
    assert quoted("when do you open?", [passage("When do you open?\nAt nine.")]) == "At nine. [1]"
    assert quoted("怎么退货", [passage("怎么退货？\n七天内寄回。")]) == "七天内寄回。 [1]"


TURNS = [PastTurn(user=f"Question {n}? More words.", answer=f"Answer {n}. More words.") for n in range(9)]


def test_a_conversation_is_trimmed_and_the_rest_summed_up() -> None:
    kept, fallen_out = trimmed(TURNS, 30)
    assert 0 < len(kept) < 9
    assert [*fallen_out, *kept] == TURNS
    summary = summary_of("", fallen_out)
    assert summary.splitlines()[0] == "- Question 0? → Answer 0."
    assert summary_of(summary, fallen_out) == summary, "what fell out before is not said twice"
    assert trimmed(TURNS, 0) == ([], TURNS)


def test_a_summary_stays_short() -> None:
    long = [PastTurn(user="word " * 200, answer=f"{n} " * 100) for n in range(30)]
    summary = summary_of("", long)
    assert 0 < count_tokens(summary) <= SUMMARY_TOKENS
    assert "29" in summary.splitlines()[-1]


def test_the_likest_examples_go_along() -> None:
    examples = [Example(question=q, answer="a") for q in ("about shoes", "the price of tea", "tea and its price today")]
    assert [one.question for one in nearest("what is the price of tea", examples)] == [
        "tea and its price today",
        "the price of tea",
    ]
