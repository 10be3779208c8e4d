"""What ``parley train`` asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

from typer.testing import CliRunner

from services.cli.__main__ import build
from services.cli.training import ObjectiveName
from shared.contracts.training.objectives import ObjectiveType
from tests.unit.cli.test_outages import JOB, answering


def test_options_become_the_job_that_is_asked_for(tmp_path: Path) -> None:
    rows, dialogues = tmp_path / "rows.jsonl", tmp_path / "dialogues.yaml"
    rows.write_text('{"text": "hello", "intent": "greet"}\n')
    dialogues.write_text("dialogues: []\n")
    bodies: list[bytes] = []
    chosen = ["--tuning", "lora", "--objective", "rdrop", "--dialogues", str(dialogues), "--epochs", "3", "--manual"]
    with answering((200, {"id": "file-1"}), (200, {"id": "file-2"}), (200, JOB), bodies=bodies) as url:
        shown = CliRunner().invoke(build(), ["train", str(rows), *chosen, "--detach", "--url", url])
    assert shown.exit_code == 0, shown.output
    assert [b"fine-tune" in bodies[0], b"evals" in bodies[1]] == [True, True]
    assert json.loads(bodies[2]) == {
        "model": "minilm",
        "training_file": "file-1",
        "seed": 0,
        "task": "auto",
        "tuning": {"type": "lora"},
        "objectives": [{"type": "rdrop"}],
        "promotion": {"mode": "manual", "dialogues": "file-2"},
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
    }


def test_texts_to_be_labelled_are_uploaded_with_the_objective_that_wants_them(tmp_path: Path) -> None:
    rows, texts = tmp_path / "rows.jsonl", tmp_path / "texts.jsonl"
    rows.write_text('{"text": "hello", "label": "greet"}\n')
    texts.write_text('{"text": "good day"}\n')
    bodies: list[bytes] = []
    chosen = ["--objective", "focal", "--objective", "pseudo_labels", "--detach"]
    with answering((200, {"id": "file-1"}), (200, {"id": "file-2"}), (200, JOB), bodies=bodies) as url:
        asked = CliRunner().invoke(build(), ["train", str(rows), *chosen, "--unlabelled", str(texts), "--url", url])
    assert asked.exit_code == 0, asked.output
    assert b"user_data" in bodies[1]
    assert json.loads(bodies[2])["objectives"] == [
        {"type": "focal"},
        {"type": "pseudo_labels", "unlabelled_file": "file-2"},
    ]
    lacking = CliRunner().invoke(build(), ["train", str(rows), *chosen])
    assert lacking.exit_code != 0
    assert "--unlabelled" in str(lacking.exception)


def test_a_student_is_asked_for_by_its_teacher_and_what_it_keeps(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "hello", "intent": "greet"}\n')
    bodies: list[bytes] = []
    chosen = [
        "--teacher",
        "ft:a",
        "--objective",
        "distillation",
        "--student-layers",
        "3",
        "--student-heads",
        "9",
        "--fp16",
    ]
    with answering((200, {"id": "file-1"}), (200, JOB), bodies=bodies) as url:
        shown = CliRunner().invoke(build(), ["train", str(rows), *chosen, "--detach", "--url", url])
    assert shown.exit_code == 0, shown.output
    body = json.loads(bodies[1])
    assert body["tuning"] == {"type": "full", "student_layers": 3, "student_heads": 9}
    assert body["objectives"] == [{"type": "distillation", "teacher": "ft:a"}]
    assert body["export"] == {"gpu_precision": "fp16"}


def test_a_search_and_an_ensemble_are_asked_for(tmp_path: Path) -> None:
    rows, wanted = tmp_path / "rows.jsonl", tmp_path / "search.json"
    rows.write_text('{"text": "hello", "intent": "greet"}\n')
    search = {"trials": 4, "space": {"n_epochs": [2, 4]}}
    wanted.write_text(json.dumps(search))
    bodies: list[bytes] = []
    chosen = ["--search", str(wanted), "--ensemble", "3", "--detach"]
    with answering((200, {"id": "file-1"}), (200, JOB), bodies=bodies) as url:
        shown = CliRunner().invoke(build(), ["train", str(rows), *chosen, "--url", url])
    assert shown.exit_code == 0, shown.output
    body = json.loads(bodies[1])
    assert (body["search"], body["ensemble"]) == (search, {"members": 3})

    wanted.write_text("trials: 4")
    refused = CliRunner().invoke(build(), ["train", str(rows), *chosen])
    assert "is no JSON" in str(refused.exception)


def test_every_objective_can_be_chosen() -> None:
    assert {name.value for name in ObjectiveName} == set(get_args(ObjectiveType))


def test_a_job_without_a_report_says_why(tmp_path: Path) -> None:
    running = {"id": "ftjob-1", "status": "running", "result_files": []}
    target = tmp_path / "page.html"
    with answering((200, running)) as url:
        shown = CliRunner().invoke(build(), ["jobs", "report", "ftjob-1", "--output", str(target), "--url", url])
    assert shown.exit_code != 0
    assert "its status is running" in shown.output
    assert not target.exists()
