from __future__ import annotations

import errno
import io
import json
import os
import tempfile
from pathlib import Path

import httpx
import pytest
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI
from starlette import formparsers

from tests.unit.gateway.platform import Platform, running_platform

ROWS = b"".join(
    json.dumps({"text": f"where is order {number}", "intent": "order_status"}).encode() + b"\n" for number in range(20)
)


def test_a_training_file_goes_in_and_comes_out_again(client: OpenAI) -> None:
    file = client.files.create(file=("rows.jsonl", io.BytesIO(ROWS)), purpose="fine-tune")
    assert (file.object, file.status, file.bytes, file.filename) == ("file", "processed", len(ROWS), "rows.jsonl")
    assert (file.model_extra or {})["parley"]["rows"] == 20
    assert client.files.wait_for_processing(file.id).id == file.id
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).content == ROWS
    assert client.files.delete(file.id).deleted is True
    with pytest.raises(NotFoundError):
        client.files.retrieve(file.id)
    with pytest.raises(NotFoundError):
        client.files.content(file.id)


def test_faulty_rows_are_listed_and_the_file_is_kept_as_faulty(client: OpenAI) -> None:
    faulty = b'{"text": "ok", "intent": "a"}\nnot json\n{"text": "", "intent": "b"}\n{"text": "x", "intnt": "c"}\n'
    file = client.files.create(file=("rows.jsonl", io.BytesIO(faulty)), purpose="fine-tune")
    assert file.status == "error"
    report = (file.model_extra or {})["parley"]
    assert {fault["line"] for fault in report["faults"]} == {2, 3, 4}
    assert str(report["fault_count"]) in (file.status_details or "")


def test_files_are_paged_by_the_client(client: OpenAI) -> None:
    made = [client.files.create(file=(f"{n}.txt", b"x"), purpose="evals").id for n in range(5)]
    listed = [file.id for file in client.files.list(purpose="evals", limit=2)]
    assert listed[:5] == made[::-1], "others of the platform may be there, older ones"
    assert [file.id for file in client.files.list(purpose="evals", order="asc", limit=2)][-5:] == made


def test_an_expiry_is_kept(client: OpenAI) -> None:
    file = client.files.create(
        file=("a.txt", b"x"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert file.expires_at == file.created_at + 3600
    with pytest.raises(BadRequestError, match="3600"):
        client.files.create(
            file=("a.txt", b"x"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 60}
        )


@pytest.mark.parametrize(
    ("form", "files", "param"),
    [
        ({"purpose": "fine-tune"}, {}, "file"),
        ({}, {"file": ("a.jsonl", b"{}")}, "purpose"),
        ({"purpose": "mischief"}, {"file": ("a.jsonl", b"{}")}, "purpose"),
        ({"purpose": "fine-tune"}, {"file": ("a.pdf", b"{}")}, "file"),
        ({"purpose": "evals", "colour": "red"}, {"file": ("a", b"{}")}, "colour"),
        ({"purpose": "evals", "file": "text"}, {}, "file"),
    ],
)
def test_a_wrong_form_names_the_field(
    http: httpx.Client, form: dict[str, str], files: dict[str, tuple[str, bytes]], param: str
) -> None:
    parts = {name: (None, value) for name, value in form.items()} | files
    answer = http.post("/v1/files", files=parts)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_a_name_with_a_path_is_only_a_name(client: OpenAI) -> None:
    file = client.files.create(file=("../../etc/passwd.jsonl", ROWS), purpose="fine-tune")
    assert file.filename == "passwd.jsonl"
    assert client.files.content(file.id).content == ROWS


def test_a_broken_form_is_refused(http: httpx.Client) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = http.post("/v1/files", content=b"--y\r\nrubbish", headers={"Content-Type": kind})
        assert answer.status_code == 400
        assert answer.json()["error"]["message"]


def test_large_bodies_are_refused_whether_they_say_so_or_not(tmp_path: Path) -> None:
    large = os.urandom(300_000)
    with running_platform(tmp_path, upload_limit_bytes=100_000, json_limit_bytes=10_000, services=False) as platform:
        with platform.client() as client, pytest.raises(APIStatusError) as refused:
            client.files.create(file=("a.bin", large), purpose="evals")
        assert refused.value.status_code == 413
        assert refused.value.code == "request_too_large"
        with platform.http() as http:
            told = http.post("/v1/analyze", json={"input": "x" * 20_000})
            untold = http.post(
                "/v1/analyze", content=(b"x" * 5_000 for _ in range(10)), headers={"Content-Type": "application/json"}
            )
            fits = http.post("/v1/files", data={"purpose": "evals"}, files={"file": ("a", large[:99_000])})
            just_over = http.post("/v1/files", data={"purpose": "evals"}, files={"file": ("a", large[:101_000])})
        assert (told.status_code, untold.status_code, fits.status_code) == (413, 413, 200)
        assert just_over.json()["error"]["code"] == "file_too_large"
        left = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
        assert len(left) == 1, "nothing is left of what was refused"


def test_an_upload_without_a_key_is_refused_before_it_is_stored(platform: Platform) -> None:
    answer = httpx.post(f"{platform.url}/v1/files", data={"purpose": "evals"}, files={"file": ("a", b"x")})
    assert answer.status_code == 401


def test_a_full_temporary_folder_is_told_and_the_next_upload_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(tempfile.SpooledTemporaryFile[bytes]):
        def rollover(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    large = {"file": ("a", os.urandom(2_000_000))}
    with running_platform(tmp_path, services=False, uploads_limit=1) as platform, platform.http() as http:
        with monkeypatch.context() as patched:
            patched.setattr(formparsers, "SpooledTemporaryFile", Full)
            refused = http.post("/v1/files", data={"purpose": "evals"}, files=large)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage_full")
        assert http.post("/v1/files", data={"purpose": "evals"}, files=large).status_code == 200
