from __future__ import annotations

import pytest

from shared.errors import InvalidInput
from shared.importing.columns import UnclearColumn
from tests.unit.importing.files import imported, reasons, texts

SHOP = '''ID;Text ;Label;Datum
1;Hallo, Welt; greet ;2024
2;wo ist meine Bestellung?;order;
;;;
3;;order;1
4;"a;b
c ""d""";greet;1
5;zu;viel;;;mehr
'''


def test_a_sheet_as_a_shop_owner_has_it() -> None:
    result = imported(SHOP, "shop.csv")
    assert list(result.rows) == [
        {"text": "Hallo, Welt", "intent": "greet"},
        {"text": "wo ist meine Bestellung?", "intent": "order"},
        {"text": 'a;b\nc "d"', "intent": "greet"},
    ]
    found = result.understanding
    assert found.columns == {"text": ("Text", "name"), "intent": ("Label", "synonym")}
    assert found.unused == ("ID", "Datum")
    assert found.labels == {"intent": {"greet": 2, "order": 1}}
    assert reasons(result) == {
        "nothing in the row": [4],
        "no text": [5],
        "more cells than columns; quote cells that hold the separator": [7],
    }


@pytest.mark.parametrize(
    ("content", "filename", "first"),
    [
        ("text\tintent\na, b; c\tx\n", "a.tsv", "a, b; c"),
        ("text\tintent\na, b; c\tx\n", "a.txt", "a, b; c"),
        ("text|intent\na, b; c|x\n", "a.csv", "a, b; c"),
        ("text,intent\na; b; c,x\nd; e; f,x\n", "a.csv", "a; b; c"),
        ('"text";"intent"\n"a, b, c";"x"\n"d, e, f";"x"\n', "a.csv", "a, b, c"),
        ("sep=;\ntext;intent\na,b;x\n", "a.csv", "a,b"),
        ('text,intent\n"say ""no"", please",x\n', "a.csv", 'say "no", please'),
        ('text,intent\n"say \\"no\\", please",x\n"so",y\n', "a.csv", 'say "no", please'),
        ('text,intent\r\n"two\r\nlines",x\r\n', "a.csv", "two\r\nlines"),
        ("Customer messages of May,,\n\ntext,intent,id\nhello,x,1\nbye,y,2\n", "a.csv", "hello"),
        ("text,intent,,\nhello,x,,\n", "a.csv", "hello"),
    ],
)
def test_cells_are_separated_as_the_file_does_it(content: str, filename: str, first: str) -> None:
    assert texts(imported(content, filename))[0] == first


def test_a_broken_quote_costs_its_row_and_is_told() -> None:
    result = imported('text,intent\n"He said "hi" to me",a\nfine,b\n', "a.csv")
    assert texts(result) == ["fine"]
    assert list(reasons(result).values()) == [[2]]


def test_a_quote_that_is_never_closed_is_told() -> None:
    result = imported('text,intent\nfine,b\n"open,a\nand on,c\n', "a.csv")
    assert texts(result) == ["fine"]
    assert result.understanding.left_out_count == 1


def test_a_table_without_a_header() -> None:
    content = "hello there\tgreet\nbye now\tbye\n"
    with pytest.raises(UnclearColumn, match="'hello there', 'greet'"):
        imported(content, "a.tsv")
    result = imported(content, "a.tsv", header=0, columns={"text": "A", "intent": "B"})
    assert result.rows[0] == {"text": "hello there", "intent": "greet"}


def test_columns_of_the_same_name_are_told_apart() -> None:
    result = imported("text,label,label\na,x,y\n", "a.csv")
    assert result.understanding.columns["intent"][0] == "label"
    assert result.understanding.unused == ("label (C)",)


@pytest.mark.parametrize(
    ("content", "filename", "said"),
    [
        ("", "a.csv", "no rows"),
        ("text,intent\n", "a.csv", "no rows"),
        ("text,intent\n,\n", "a.csv", "nothing in the row"),
        ("text,intent\nhello,\n", "a.csv", "no intent and no entities"),
        ("x", "a.pdf", r"put the rows into a table"),
        ("x", "a.xls", ".xlsx"),
        ("x", "a", "format.: csv"),
        ("x", "a.pkl", "CSV or Parquet"),
        (",".join(f"c{n}" for n in range(300)) + "\n" + ",".join("x" * 300) + "\n", "a.csv", "300 columns"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(content: str, filename: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        imported(content, filename)


def test_a_cell_of_megabytes_is_no_text() -> None:
    result = imported(f'text,intent\n"{"x" * 3_000_000}",a\nfine,b\n', "a.csv")
    assert texts(result) == ["fine"]
