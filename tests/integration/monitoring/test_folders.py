"""Watched folders: each row once, as files grow, are replaced, and are cut off in the middle of a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.monitoring.streams import FolderSource
from tests.integration.monitoring.sources import NOW, Fetching, fetching


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/news").mkdir(parents=True)
    return tmp_path / "root"


@pytest.fixture
def watched(tmp_path: Path, root: Path) -> Iterator[Fetching]:
    source = FolderSource(name="drop", folder="news", fields={"text": "body"})
    with fetching(tmp_path, source, root=root) as found:
        yield found


def row(number: int) -> str:
    return json.dumps({"id": f"n{number}", "body": f"headline {number}", "published_at": NOW - 60 + number})


def write(file: Path, text: str, *, age: float = 60.0) -> None:
    """As a program would that last wrote ``age`` seconds ago, by the test's clock."""
    file.write_text(text, "utf-8")
    os.utime(file, (NOW - age, NOW - age))


def test_rows_come_once_as_files_grow(watched: Fetching, root: Path) -> None:
    file = root / "news/a.jsonl"
    write(file, f"{row(1)}\n{row(2)}\n")
    assert [one.id for one in watched.fetch()] == ["n1", "n2"]
    assert watched.fetch() == []
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"{row(3)}\n{row(4)[:20]}")
    os.utime(file, (watched.now[0], watched.now[0]))
    assert [one.id for one in watched.fetch()] == ["n3"]
    with file.open("a", encoding="utf-8") as opened:
        opened.write(row(4)[20:])
    os.utime(file, (NOW, NOW))
    assert [(one.id, one.text) for one in watched.fetch()] == [("n4", "headline 4")]  # settled: its last line is whole
    assert (watched.state().state, watched.state().documents) == ("fine", 4)


def test_a_file_that_is_replaced_is_read_anew_and_what_is_known_stays_out(watched: Fetching, root: Path) -> None:
    write(root / "news/a.jsonl", f"{row(1)}\n{row(2)}\n")
    watched.fetch()
    write(root / "news/other", f"{row(5)}\n{row(6)}\n{row(7)}\n")
    (root / "news/other").replace(root / "news/a.jsonl")
    assert [one.id for one in watched.fetch()] == ["n5", "n6", "n7"]


def test_tables_are_read_with_their_heads_and_lines_in_quotes(watched: Fetching, root: Path) -> None:
    write(root / "news/t.csv", 'id,body,published_at\nc1,"two\nlines",1795867000\nc2,plain,2026-11-28 09:00\n')
    found = watched.fetch()
    assert [(one.id, one.text) for one in found] == [("c1", "two\nlines"), ("c2", "plain")]
    assert "no zone" in found[1].remark
    write(root / "news/t.csv", 'id,body,published_at\nc1,"two\nlines",1795867000\nc2,plain,1\nc3,new,1795867000\n')
    assert [one.id for one in watched.fetch()] == ["c3"]


def test_what_is_no_document_is_kept_with_its_place(watched: Fetching, root: Path) -> None:
    write(root / "news/a.jsonl", f'{row(1)}\nnot json\n[1]\n{{"id": "x", "body": ""}}\n\n{row(2)}\n')
    assert [one.id for one in watched.fetch()] == ["n1", "n2"]
    kept = watched.refused()
    assert [one.place for one in kept] == ["a.jsonl, line 2", "a.jsonl, line 3", "a.jsonl, line 4"]
    assert kept[0].item == "not json"
    assert kept[2].reason == "It has no text."
    assert watched.state().refused == 3


def test_dead_letters_are_without_personal_numbers_and_the_last_hundred(watched: Fetching, root: Path) -> None:
    lines = [f'{{"id": "x{number}", "author": "call +49 30 901820"}}' for number in range(130)]
    write(root / "news/a.jsonl", "\n".join(lines) + "\n")
    watched.fetch()
    kept = watched.refused()
    assert (len(kept), kept[-1].place) == (100, "a.jsonl, line 130")
    assert "901820" not in kept[0].item
    assert "[phone]" in kept[0].item


def test_nothing_leads_out_of_the_root(tmp_path: Path, root: Path) -> None:
    (tmp_path / "secret").mkdir()
    write(tmp_path / "secret/a.jsonl", f"{row(1)}\n")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "news/b.jsonl").symlink_to(tmp_path / "secret/a.jsonl")
    with fetching(tmp_path, FolderSource(name="drop", folder="link"), root=root) as out:
        assert out.fetch() == []
        assert "leads out" in str(out.state().problem)
    (tmp_path / "parley.db").unlink()
    with fetching(tmp_path, FolderSource(name="drop", folder="news"), root=root) as inside:
        assert inside.fetch() == []
        assert inside.state().state == "fine"


@pytest.mark.parametrize(("folder", "opened", "told"), [("gone", True, "no folder"), ("news", False, "SOURCE_FOLDER")])
def test_what_cannot_be_watched_says_why_and_backs_off(
    tmp_path: Path, root: Path, folder: str, opened: bool, told: str
) -> None:
    with fetching(tmp_path, FolderSource(name="drop", folder=folder), root=root if opened else None) as failing:
        failing.fetch()
        first = failing.state()
        assert (first.state, first.failures) == ("failing", 1)
        assert told in str(first.problem)
        assert first.due_at >= NOW + 60
