"""Files in parts, through the official client and its helper."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from services.gateway.uploads.expiry import end_expired
from shared.artifacts.layout import upload_key
from shared.artifacts.store import open_store
from shared.storage.training import uploads
from tests.unit.gateway.platform import Platform

ROW = json.dumps({"text": "where is my order", "intent": "track"}) + "\n"
ROWS = (ROW + ROW.replace("track", "find").replace("where", "who")).encode()


def begun(client: OpenAI, content: bytes, **options: Any) -> str:
    given: dict[str, Any] = {"filename": "rows.jsonl", "mime_type": "text/jsonl", "purpose": "batch"} | options
    return client.uploads.create(bytes=len(content), **given).id


def test_parts_make_the_file_in_the_order_named(client: OpenAI, platform: Platform) -> None:
    upload = begun(client, b"one two three")
    three = client.uploads.parts.create(upload, data=b" three").id
    one = client.uploads.parts.create(upload, data=b"one").id
    two = client.uploads.parts.create(upload, data=b" two").id
    md5 = hashlib.md5(b"one two three", usedforsecurity=False).hexdigest()
    for _ in range(2):  # repeated, as a client does that has lost the answer
        done = client.uploads.complete(upload, part_ids=[one, two, three], md5=md5)
        assert (done.status, done.file.filename if done.file else "") == ("completed", "rows.jsonl")
    assert done.file is not None
    assert client.files.content(done.file.id).read() == b"one two three"
    assert client.files.retrieve(done.file.id).purpose == "batch"
    assert not open_store(platform.settings.artifacts).exists(upload_key(upload))


def test_the_helper_uploads_a_training_file_whose_rows_are_judged(client: OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(ROWS)
    done = client.uploads.upload_file_chunked(file=path, mime_type="text/jsonl", purpose="fine-tune", part_size=10)
    assert done.file is not None
    file: Any = client.files.retrieve(done.file.id)
    assert (file.status, file.parley["rows"], file.bytes) == ("processed", 2, len(ROWS))


def test_what_does_not_make_the_file_is_refused(client: OpenAI) -> None:
    upload = begun(client, b"abcdef")
    part = client.uploads.parts.create(upload, data=b"abc").id
    for part_ids, md5, param in (
        ([part], None, "part_ids"),
        ([part, part], None, "part_ids"),
        ([part, "part_none"], None, "part_ids"),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            client.uploads.complete(upload, part_ids=part_ids, md5=md5 or openai.omit)
        assert refused.value.param == param
    with pytest.raises(openai.BadRequestError, match="announced"):
        client.uploads.parts.create(upload, data=b"defg")
    rest = client.uploads.parts.create(upload, data=b"def").id
    with pytest.raises(openai.BadRequestError, match="MD5"):
        client.uploads.complete(upload, part_ids=[part, rest], md5="0" * 32)
    assert client.uploads.complete(upload, part_ids=[part, rest]).status == "completed"
    with pytest.raises(openai.BadRequestError, match="completed"):
        client.uploads.parts.create(upload, data=b"x")


def test_a_cancelled_upload_and_one_whose_time_is_over_take_nothing(client: OpenAI, platform: Platform) -> None:
    cancelled, late = begun(client, b"abc"), begun(client, b"abc")
    client.uploads.parts.create(cancelled, data=b"abc")
    part = client.uploads.parts.create(late, data=b"abc").id
    for _ in range(2):
        assert client.uploads.cancel(cancelled).status == "cancelled"
    store = open_store(platform.settings.artifacts)
    end_expired(platform.database, store, 1e12)
    for upload in (cancelled, late):
        assert not store.exists(upload_key(upload))
        with pytest.raises(openai.BadRequestError, match=r"cancelled|expired"):
            client.uploads.complete(upload, part_ids=[part])
    with platform.database.reading() as session:
        assert uploads.parts(session, late) == {}


def test_an_upload_belongs_to_its_key(client: OpenAI, platform: Platform) -> None:
    upload = begun(client, b"abc")
    with platform.client(platform.key("train")) as other, pytest.raises(openai.NotFoundError):
        other.uploads.parts.create(upload, data=b"abc")
    with pytest.raises(openai.BadRequestError) as refused:
        client.uploads.create(bytes=10**12, filename="x", mime_type="y", purpose="batch")
    assert refused.value.param == "bytes"
    with pytest.raises(openai.BadRequestError) as refused:
        begun(client, b"abc", purpose="fine-tune", filename="x.exe")
    assert refused.value.param == "filename"
