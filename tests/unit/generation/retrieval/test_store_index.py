from __future__ import annotations

import numpy as np
import pytest

from services.generation.retrieval.filters import holds
from services.generation.retrieval.fusion import fused
from services.generation.retrieval.store_index import StoreIndex
from shared.contracts.knowledge.passages import Attribute, Comparison, Compound, Filters
from shared.text.terms import terms

AXES = np.eye(4, dtype=np.float32)


@pytest.fixture
def index() -> StoreIndex:
    index = StoreIndex()
    index.put("f1", "shop.md", {"lang": "en"}, "m", ["the shop opens at nine", "returns within thirty days"], AXES[:2])
    index.put("f2", "店铺.md", {"lang": "zh"}, "m", ["商店九点开门", "七天无理由退货"], AXES[2:])
    return index


def texts(index: StoreIndex, query: str) -> list[tuple[str, int]]:
    found = [index.owner(hit.number) for hit in index.by_words(query, 10)]
    return [
        (file.file_id, file.position(hit.number)) for file, hit in zip(found, index.by_words(query, 10), strict=True)
    ]


def test_words_are_found_in_their_other_forms_and_chinese_by_its_pairs(index: StoreIndex) -> None:
    assert texts(index, "Opening the shops?") == [("f1", 0)]
    assert texts(index, "怎么退货") == [("f2", 1)]
    assert texts(index, '"; DROP TABLE words') == []
    assert index.by_words("?!", 5) == []


def test_vectors_are_found_by_their_cosine(index: StoreIndex) -> None:
    query = (AXES[1] * 0.8 + AXES[2] * 0.6).astype(np.float32)
    found = index.by_vector("m", query, 2)
    assert [(index.owner(one.number).file_id, round(one.score, 2)) for one in found] == [("f1", 0.8), ("f2", 0.6)]
    assert index.by_vector("m", np.ones(3, np.float32), 2) == [], "of another size"
    assert index.by_vector("other", query, 2) == []


def test_a_filter_holds_for_words_and_vectors(index: StoreIndex) -> None:
    english = [
        index.owner(one.number).file_id
        for one in index.by_vector("m", AXES[3], 9, lambda f: f.attributes["lang"] == "en")
    ]
    assert english == ["f1", "f1"]
    assert index.by_words("退货", 5, lambda file: file.attributes["lang"] == "en") == []


def test_files_come_change_and_go(index: StoreIndex) -> None:
    index.remove("f1")
    assert texts(index, "shop opens") == []
    index.put("f2", "new.md", {}, "m2", ["entirely other words"], AXES[:1])
    assert (texts(index, "退货"), texts(index, "other")) == ([], [("f2", 0)])
    assert index.embedders == ["m2"]
    assert index.size == 1
    assert [hit.score for hit in index.by_vector("m2", AXES[0], 5)] == [1.0]


def test_terms() -> None:
    assert terms("Ｈello, WORLD-42 退货政策 a店") == ["hello", "world", "42", "退货", "货政", "政策", "a", "店"]


def test_what_leads_both_orders_has_the_score_of_one() -> None:
    assert fused([(0.5, ["a", "b"]), (0.5, ["a", "c"])])[0] == ("a", 1.0)
    assert [key for key, _ in fused([(1.0, ["a", "b"]), (0.2, ["b"])])] == ["b", "a"]
    assert fused([(0.0, ["a"])]) == []


MARKS: dict[str, Attribute] = {"year": 2024, "draft": False, "city": "Paris"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        (Comparison(type="eq", key="year", value=2024), True),
        (Comparison(type="eq", key="draft", value=0), False),
        (Comparison(type="ne", key="colour", value="red"), True),
        (Comparison(type="gt", key="year", value=2024), False),
        (Comparison(type="gte", key="year", value=2024), True),
        (Comparison(type="lt", key="city", value="Rome"), True),
        (Comparison(type="lt", key="colour", value=9), False),
        (Comparison(type="in", key="city", value=("Rome", "Paris")), True),
        (Comparison(type="nin", key="city", value=("Rome",)), True),
        (Compound(type="and", filters=(Comparison(type="eq", key="year", value=2024), Comparison(type="eq", key="city", value="x"))), False),
        (Compound(type="or", filters=(Comparison(type="eq", key="year", value=1), Comparison(type="eq", key="city", value="Paris"))), True),
    ],
)  # fmt: skip
def test_filters(condition: Filters | None, expected: bool) -> None:
    assert holds(condition, MARKS) is expected


def test_conditions_within_conditions_end() -> None:
    deep: Filters = Comparison(type="eq", key="a", value=1)
    for _ in range(4):
        deep = Compound(type="and", filters=(deep,))
    with pytest.raises(ValueError, match="nested"):
        Compound(type="and", filters=(Compound(type="or", filters=(deep,)),))
