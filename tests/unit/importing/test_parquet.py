from __future__ import annotations

import json
from decimal import Decimal

import pyarrow
import pytest

from shared.errors import InvalidInput
from tests.unit.importing.files import imported, parquet_of, texts


def test_a_table_with_numbers_nothing_and_categories() -> None:
    table = {
        "Text": ["a", "b", None, "d"],
        "category": pyarrow.array(["x", "y", "x", "x"]).dictionary_encode(),
        "unused": [1.5, None, 2.0, 3.0],
    }
    result = imported(parquet_of(table), "a.parquet")
    assert [(row["text"], row["intent"]) for row in result.rows] == [("a", "x"), ("b", "y"), ("d", "x")]
    assert result.understanding.left_out == [("no text", 1, [3])]


@pytest.mark.parametrize("values", [[1.0, float("nan"), 2.0], [1, None, 2], [Decimal("1.00"), None, Decimal(2)]])
def test_labels_that_became_numbers_are_whole(values: list[object]) -> None:
    result = imported(parquet_of({"text": ["a", "b", "c"], "label": values}), "a.parquet")
    assert [row["intent"] for row in result.rows] == ["1", "2"]


def test_numbers_of_classes_get_the_names_that_the_file_gives_them() -> None:
    names = {"feature": {"names": ["O", "B-x"], "_type": "ClassLabel"}, "_type": "List"}
    features = {"label": {"names": ["refund", "order"], "_type": "ClassLabel"}, "tags": names}
    table = pyarrow.table({"text": ["a", "b"], "label": [1, 0], "tags": [[0, 1], [1]]})
    described = table.replace_schema_metadata({b"huggingface": json.dumps({"info": {"features": features}}).encode()})
    result = imported(parquet_of(described), "a.parquet")
    assert [row["intent"] for row in result.rows] == ["order", "refund"]
    assert "the numbers of 'label' were replaced by their names" in result.understanding.notes


def test_a_value_that_is_repeated_a_million_times_is_not_unpacked() -> None:
    table = pyarrow.table(
        {"text": pyarrow.array(["x" * 3_000_000]).dictionary_encode().take(pyarrow.array([0] * 500_000))}
    )
    data = parquet_of(table, compression="zstd", dictionary_pagesize_limit=10_000_000)
    assert len(data) < 100_000
    with pytest.raises(InvalidInput, match="3000000 characters"):
        imported(data, "a.parquet")


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"no parquet"])
def test_what_is_no_parquet_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="Parquet"):
        imported(data, "a.parquet")


def test_bytes_are_refused() -> None:
    with pytest.raises(InvalidInput, match="bytes"):
        imported(parquet_of({"text": ["a"], "image": [b"\xff"]}), "a.parquet")


def test_the_content_tells_the_format_whatever_the_name() -> None:
    assert texts(imported(parquet_of({"text": ["a"], "label": ["x"]}), "a.csv")) == ["a"]
