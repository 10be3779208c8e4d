from __future__ import annotations

import pytest

from services.monitoring.reading.watch_list import WatchList
from shared.contracts.monitoring.streams import Watched

WATCHED = WatchList(
    (
        Watched(name="Gold", kind="commodity"),
        Watched(name="Goldhaven Bank", aliases=("Goldhaven", "GHB")),
        Watched(name="海川能源", aliases=("海川", "600999.SH", "Haichuan Energy")),
        Watched(name="Allwell", aliases=("ALL",)),
        Watched(name="İzmir Steel"),
    )
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Gold rises", ["Gold"]),
        ("GOLD RISES, gold falls", ["Gold", "Gold"]),
        ("Goldman rises", []),
        ("Marigold falls", []),
        ("Goldhaven Bank buys gold", ["Goldhaven Bank", "Gold"]),
        ("Goldhaven's profit", ["Goldhaven Bank"]),
        ("GHB up, ghb is a chemical", ["Goldhaven Bank"]),
        ("All is well that ends well; ALL +3%", ["Allwell"]),
        ("海川能源（600999.SH）大涨，海川股东欢呼", ["海川能源", "海川能源", "海川能源"]),
        ("ＧＨＢ rises", ["Goldhaven Bank"]),
        ("买入海川energy", ["海川能源"]),
        ("(haichuan energy) wins", ["海川能源"]),
        ("$GHB", ["Goldhaven Bank"]),
        ("İzmir Steel and gold", ["İzmir Steel", "Gold"]),
        ("", []),
    ],
)
def test_names_are_found_whole_and_the_longest_wins(text: str, named: list[str]) -> None:
    assert [one.entity for one in WATCHED.find(text)] == named


def test_spans_are_those_of_the_text_as_it_came() -> None:
    text = "😀 ＧＨＢ and 海川"
    assert [text[one.start : one.end] for one in WATCHED.find(text)] == ["ＧＨＢ", "海川"]


def test_an_empty_list_finds_nothing() -> None:
    assert WatchList(()).find("anything") == []
