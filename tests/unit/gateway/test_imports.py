"""Uploads in other formats than ours."""

from __future__ import annotations

import io
import json

import httpx
import openpyxl
import pytest
from openai import BadRequestError, OpenAI

SHEET = "ID;Bericht;Label\n1;Grüße; greet \n2;wo ist meine Bestellung?;order\n;;\n".encode("windows-1252")
ROWS = [{"text": "Grüße", "intent": "greet"}, {"text": "wo ist meine Bestellung?", "intent": "order"}]


def content(client: OpenAI, file_id: str) -> list[object]:
    return [json.loads(line) for line in client.files.content(file_id).content.splitlines()]


def test_the_official_client_says_what_the_columns_are(client: OpenAI) -> None:
    file = client.files.create(
        file=("../shop.csv", SHEET), purpose="fine-tune", extra_body={"import": {"map": {"text": "Bericht"}}}
    )
    assert (file.status, file.filename) == ("processed", "shop.jsonl")
    assert content(client, file.id) == ROWS
    report = (file.model_extra or {})["parley"]
    assert (report["rows"], report["import"]["left_out_count"], report["import"]["encoding"]) == (2, 1, "windows-1252")
    assert report["import"]["columns"]["text"] == {"column": "Bericht", "found_by": "map"}
    assert report["import"]["labels"] == {"intent": {"greet": 1, "order": 1}}
    assert client.files.retrieve(file.id) == file


def test_json_in_one_field_does_too(http: httpx.Client, client: OpenAI) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a title"])
    for title in ("May", "June"):
        sheet = book.create_sheet(title)
        sheet.append(["text", "intent"])
        sheet.append([f"in {title}", 1.0])
    file = io.BytesIO()
    book.save(file)
    form = {"purpose": "fine-tune", "import": json.dumps({"sheet": "June"})}
    answer = http.post("/v1/files", data=form, files={"file": ("book.xlsx", file.getvalue())})
    assert answer.status_code == 200, answer.text
    assert content(client, answer.json()["id"]) == [{"text": "in June", "intent": "1"}]
    unclear = http.post("/v1/files", data=form | {"import": "{}"}, files={"file": ("book.xlsx", file.getvalue())})
    assert unclear.json()["error"]["param"] == "import[sheet]"


def test_what_is_unclear_says_what_to_send(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match=r"'Bericht'") as refused:
        client.files.create(file=("shop.csv", SHEET), purpose="fine-tune", extra_body={"import": {"format": "csv"}})
    assert refused.value.param == "import[map][text]"
    assert '{"import": {"map": {"text": "Bericht"}}}' in str(refused.value.message)


@pytest.mark.parametrize(
    ("form", "name", "param"),
    [
        ({"import": "map"}, "a.csv", "import"),
        ({"import": "[]"}, "a.csv", "import"),
        ({"import": '{"map": {"text": "a"}, "map": {}}'}, "a.csv", "import"),
        ({"import": '{"colour": "red"}'}, "a.csv", "import[colour]"),
        ({"import[map][colour]": "red"}, "a.csv", "import[map]"),
        ({"import[map]": "red"}, "a.csv", "import[map]"),
        ({"import[header]": "first"}, "a.csv", "import[header]"),
        ({"import[format]": "pickle"}, "a.csv", "import[format]"),
        ({"import[encoding]": "utf-16"}, "a.csv", "import[encoding]"),
        ({"import": "{}"}, "a.pdf", "import[format]"),
        ({"import": "{}"}, "a.parquet", "file"),
        ({"import": "{}", "purpose": "evals"}, "a.csv", "import"),
        ({"import[map][a][b]": "x"}, "a.csv", "import[map][a][b]"),
    ],
)
def test_what_cannot_be_imported_names_the_field(
    http: httpx.Client, form: dict[str, str], name: str, param: str
) -> None:
    answer = http.post("/v1/files", data={"purpose": "fine-tune"} | form, files={"file": (name, SHEET)})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param


def test_without_an_import_the_upload_is_as_strict_as_ever(client: OpenAI) -> None:
    assert client.files.create(file=("shop.csv", SHEET), purpose="fine-tune").status == "error"
    with pytest.raises(BadRequestError, match="import"):
        client.files.create(file=("shop.xlsx", SHEET), purpose="fine-tune")
