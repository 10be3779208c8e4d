"""The report of a job needs nothing else, says what a person asks, and trusts no text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from services.gateway.jobs.schemas import CreateJob
from services.training.reporting.figures import Evaluation, LabelScore, Mistake
from services.training.reporting.gate import Verdict, Violation
from services.training.reporting.report import Story, report_html, request_of
from shared.artifacts.manifest import Calibration, Labels, Manifest, Parity
from shared.contracts.training.integrations import Wandb, WandbRun
from shared.contracts.training.jobs import Hyperparameters, JobSpec, Promotion, Schedule
from shared.contracts.training.objectives import RDrop
from shared.contracts.training.tunings import Full, Lora

SCRIPT = "<script>alert(1)</script>"


def manifest() -> Manifest:
    return Manifest(
        model_id="ft:minilm:parley:desk:1",
        base_model="minilm",
        created_at=1_790_000_000,
        data_sha256="ab" * 32,
        spec=JobSpec(
            model="minilm",
            training_file="file-1",
            tuning=Lora(rank=4),
            hyperparameters=Hyperparameters(n_epochs=3),
            seed=5,
        ),
        job_id="ftjob-1",
        labels=Labels(intents=("greet", SCRIPT)),
        embedding_size=4,
        max_length=32,
        calibration=Calibration(),
        served_file="model.int8.onnx",
        metrics={},
        parity=Parity(max_abs_difference=1e-6, int8_scheme="int8-static", int8_loss=0.1),
        files={},
    )


def evaluation(f1: float, **more: Any) -> Evaluation:
    score = LabelScore(f1, f1, f1, 10)
    return Evaluation(20, {"intent_accuracy": f1}, {"intent": {"greet": score, SCRIPT: score}}, **more)


@pytest.fixture
def page() -> str:
    after = evaluation(
        0.9,
        pairs=(("greet", "greet"), ("greet", SCRIPT), (SCRIPT, SCRIPT)),
        mistakes=(Mistake(f"{SCRIPT} write to ann.lee@example.com", "intent", "greet", SCRIPT, 0.97),),
    )
    violation = Violation("overall", "intent_accuracy", 0.9, 0.95, 0.01)
    figures = [
        {"step": 1, "train_loss": 2.0},
        {"step": 2, "train_loss": 1.0},
        {"step": 2, "valid_intent_accuracy": 0.9},
    ]
    messages = [("info", "Attempt 1 begins."), ("warn", "3 rows are longer than schedule.max_length")]
    return report_html(Story(manifest(), evaluation(0.5), after, Verdict("ft:old", (violation,)), figures, messages))


class Elements(HTMLParser):
    """The elements of a page, and what they load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def test_it_is_one_page_that_loads_nothing(page: str) -> None:
    elements = Elements(page)
    assert elements.sources
    assert all(source.startswith("data:image/png;base64,") for source in elements.sources)
    assert "default-src 'none'" in page


def test_labels_and_texts_are_text(page: str) -> None:
    assert "script" not in Elements(page).tags
    assert "&lt;script&gt;" in page


def test_texts_are_masked(page: str) -> None:
    assert "ann.lee@example.com" not in page


@pytest.mark.parametrize(
    "words",
    [
        "ft:minilm:parley:desk:1",
        "50.0",  # before
        "90.0",  # after
        "intent_accuracy 0.900, in production 0.950",
        "3 rows are longer than schedule.max_length",
        "Confused most",
        "97.0",  # how sure the mistake was
        "&#34;rank&#34;: 4",
        "&#34;n_epochs&#34;: 3",
        "&#34;seed&#34;: 5",
        "abab",
    ],
)
def test_it_says_what_a_person_asks(page: str, words: str) -> None:
    assert words in page


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"tuning": Full(), "objectives": (RDrop(),)},
        {"objectives": (), "schedule": Schedule(max_length=64)},
        {"promotion": Promotion(mode="manual"), "rare_labels": "refuse"},
        {"integrations": (Wandb(type="wandb", wandb=WandbRun(project="p", tags=("a",))),)},
    ],
    ids=str,
)
def test_the_body_asks_for_the_same_job(changed: dict[str, Any]) -> None:
    spec = manifest().spec.model_copy(update=changed)

    body = CreateJob.model_validate(request_of(manifest().model_copy(update={"spec": spec})))

    again = {name: getattr(body, name) for name in CreateJob.model_fields if name in JobSpec.model_fields}
    assert JobSpec(**again | {"hyperparameters": body.knobs}) == spec


def test_a_model_without_anything_to_compare_has_a_report_too() -> None:
    story = Story(manifest(), Evaluation(0, {}, {}), Evaluation(3, {"entity_f1": 0.5}, {}), None, [], [])
    assert "entity f1" in report_html(story)
