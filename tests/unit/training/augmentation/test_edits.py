from __future__ import annotations

import pytest

from services.training.augmentation.edits import Edit, applied, crosses, outside
from shared.rows.spans import Entity

TEXT = "fly me to Rome on 3 May please"
SPANS = (Entity(10, 14, "city"), Entity(18, 23, "date"))


@pytest.mark.parametrize(
    ("edits", "text", "covered"),
    [
        ([], TEXT, ["Rome", "3 May"]),
        ([Edit(0, 3, "go with")], "go with me to Rome on 3 May please", ["Rome", "3 May"]),
        ([Edit(10, 14, "New York City")], "fly me to New York City on 3 May please", ["New York City", "3 May"]),
        ([Edit(11, 12, ""), Edit(24, 30, "now")], "fly me to Rme on 3 May now", ["Rme", "3 May"]),
        ([Edit(18, 23, "noon"), Edit(7, 9, "")], "fly me  Rome on noon please", ["Rome", "noon"]),
    ],
)
def test_spans_cover_the_same_words_after_the_change(edits: list[Edit], text: str, covered: list[str]) -> None:
    changed, spans = applied(TEXT, SPANS, edits)
    assert changed == text
    assert [changed[span.start : span.end] for span in spans] == covered
    assert [span.label for span in spans] == ["city", "date"]


def test_what_crosses_the_edge_of_a_span_is_known() -> None:
    assert crosses(Edit(9, 11, ""), SPANS)
    assert crosses(Edit(13, 15, ""), SPANS)
    assert not crosses(Edit(10, 14, ""), SPANS)
    assert not crosses(Edit(14, 15, ""), SPANS)
    assert outside(Edit(14, 18, ""), SPANS)
    assert not outside(Edit(9, 11, ""), SPANS)
