"""Files into our rows and out again, by command."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import data
from services.cli.__main__ import build

SHOP = "ID;Text ;Label\n1;Grüße; greet \n2;wo ist meine Bestellung?;order\n;;\n3;hm;\n"


@dataclass(frozen=True)
class Shown:
    exit_code: int
    output: str


def parley(*arguments: str | Path, typed: str | None = None) -> Shown:
    """Run the command; its lines are joined, wherever they were wrapped."""
    result = CliRunner().invoke(build(), ["data", *map(str, arguments)], input=typed)
    return Shown(result.exit_code, " ".join(result.output.split()))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    path.write_text(SHOP, "windows-1252")
    return path


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_is_terminal", lambda: True)


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_sheet_becomes_rows_and_what_was_understood_is_shown(shop: Path) -> None:
    shown = parley("import", shop)
    assert shown.exit_code == 0, shown.output
    assert rows_of(shop.with_name("shop.rows.jsonl")) == [
        {"text": "Grüße", "intent": "greet"},
        {"text": "wo ist meine Bestellung?", "intent": "order"},
    ]
    for told in (
        "windows-1252",
        "2 rows taken, 2 left out",
        "Not used: ID",
        "greet 1, order 1",
        "row 4): nothing in the row",
    ):
        assert told in shown.output
    again = parley("import", shop)
    assert again.exit_code == 2
    assert "--force" in again.output


def test_what_is_unclear_names_what_to_say(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,Der Bericht,Art\n1,where is my order,a\n", "utf-8")
    shown = parley("import", path)
    assert shown.exit_code == 1
    assert "--map 'text=Der Bericht'" in shown.output
    assert (
        parley("import", path, "--map", "text=der bericht,intent=Art", "--output", tmp_path / "b.jsonl").exit_code == 0
    )
    assert rows_of(tmp_path / "b.jsonl") == [{"text": "where is my order", "intent": "a"}]


@pytest.mark.usefixtures("at_a_terminal")
def test_at_a_terminal_it_asks(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Message,Comment,Category\nhi,x,greet\n", "utf-8")
    refused = parley("import", path, typed="9\n2\nn\n")
    assert refused.exit_code == 1
    assert not path.with_name("a.rows.jsonl").exists()
    assert parley("import", path, typed="2\ny\n").exit_code == 0
    assert rows_of(path.with_name("a.rows.jsonl")) == [{"text": "x", "intent": "greet"}]


def test_out_and_back(tmp_path: Path) -> None:
    rows = [{"text": "😀 to Rome.", "intent": "travel", "entities": [{"start": 5, "end": 9, "label": "city"}]}]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    for name, suffix in (("rasa", ".yml"), ("xlsx", ".xlsx"), ("label-studio", ".json"), ("doccano", ".jsonl")):
        out, back = tmp_path / f"{name}{suffix}", tmp_path / f"{name}.back.jsonl"
        assert parley("export", path, "--format", name, "-o", out).exit_code == 0
        assert parley("import", out, "-o", back).exit_code == 0
        assert rows_of(back) == rows
    refused = parley("export", path, "--format", "conll", "-o", tmp_path / "a.conll")
    assert refused.exit_code == 1
    assert "--drop intent" in refused.output
    assert parley("export", path, "--format", "conll", "--drop", "intent", "-o", tmp_path / "a.conll").exit_code == 0


def test_only_whole_rows_are_exported(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = parley("export", shop, "--format", "csv")
    assert refused.exit_code == 1
    assert "first: 4" in refused.output
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"text": "a", "label": "x"}\n', "utf-8")
    assert "--task" in parley("export", labels, "--format", "csv").output
    monkeypatch.chdir(tmp_path)
    assert parley("export", labels, "--format", "csv", "--task", "text_classification").exit_code == 0
    assert (tmp_path / "labels.csv").read_text("utf-8") == "text,label\na,x\n"
    assert parley("export", tmp_path / "nowhere", "--format", "csv").exit_code == 2
    assert parley("export", shop, "--format", "pickle").exit_code == 1


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    shown = parley("import", path)
    assert shown.exit_code == 1
    assert "parley[data]" in shown.output


def test_the_command_loads_nothing_of_it_before_it_is_asked() -> None:
    heavy = ("yaml", "openpyxl", "pyarrow", "charset_normalizer", "shared.importing")
    script = (
        f"import sys; from services.cli.__main__ import build; build(); print([n for n in {heavy} if n in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
