"""The report of a job: one page that needs nothing else, to be read, kept and sent."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.training.reporting.curves import curves_png
from services.training.reporting.figures import Evaluation
from services.training.reporting.gate import Verdict
from shared.artifacts.manifest import Manifest
from shared.privacy.masking import masked

#: Pairs of labels that are shown of those confused most.
_PAIRS = 15
#: Mistakes that are shown.
_MISTAKES = 30


class Change(NamedTuple):
    """How a label fares, before and after; ``None`` where it was not told before."""

    label: str
    support: int
    before: float | None
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Story:
    """What a report is made of.

    Attributes:
        manifest: Of the model.
        before: How its beginning, or the commonest label, did on the test rows.
        after: How it does.
        verdict: What the gate said, if there was something to compare with.
        figures: Of the recorded steps, oldest first.
        messages: What the events of the job said, oldest first, each with its level.
        tracked: Names of the result files that hold the curves for other programs.
    """

    manifest: Manifest
    before: Evaluation
    after: Evaluation
    verdict: Verdict | None
    figures: Sequence[Mapping[str, Any]]
    messages: Sequence[tuple[str, str]]
    tracked: Sequence[str] = ()


def report_html(story: Story, confusion: bytes | None = None) -> str:
    """The page. Texts of rows are masked; everything is escaped, since labels and texts come from whoever wrote the rows.

    Args:
        story: What it is made of.
        confusion: The confusion matrix as a PNG, if there is one.
    """
    loader = PackageLoader("services.training.reporting", "")
    page = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("report.html.j2")
    manifest, after = story.manifest, story.after
    return page.render(
        manifest=manifest,
        created=datetime.fromtimestamp(manifest.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        scores=_scores(story),
        tables={head: list(_changes(head, story)) for head in after.labels},
        confused=_confused(after.pairs),
        mistakes=[mistake._replace(text=masked(mistake.text)) for mistake in after.mistakes[:_MISTAKES]],
        curves=_inline(curves_png(story.figures)) if story.figures else None,
        tracked=story.tracked,
        confusion=_inline(confusion) if confusion is not None else None,
        violations=[str(violation) for violation in story.verdict.violations] if story.verdict else [],
        trial=str(story.verdict.trial) if story.verdict and story.verdict.trial else None,
        dialogues=str(story.verdict.dialogues) if story.verdict and story.verdict.dialogues else None,
        bias=story.verdict.bias if story.verdict else None,
        warnings=[message for level, message in story.messages if level != "info"],
        messages=[message for _, message in story.messages],
        spec=json.dumps(manifest.spec.model_dump(mode="json"), indent=2, ensure_ascii=False),
        request=json.dumps(request_of(manifest), indent=2, ensure_ascii=False),
    )


def _scores(story: Story) -> list[tuple[str, float | None, float]]:
    """Name, before and after of every score."""
    before, after = story.before.scores, story.after.scores
    return [(name.replace("_", " "), before.get(name), value) for name, value in after.items()]


def _changes(head: str, story: Story) -> Iterator[Change]:
    """The labels of a head, those that are worst first."""
    before = story.before.labels.get(head, {})
    for label, score in sorted(story.after.labels[head].items(), key=lambda item: (item[1].f1, item[0])):
        earlier = before[label].f1 if label in before else None
        yield Change(label, score.support, earlier, score.precision, score.recall, score.f1)


def _confused(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """True label, what was told in its place, and how often."""
    wrong = Counter(pair for pair in pairs if pair[0] != pair[1])
    return [(truth, predicted, count) for (truth, predicted), count in wrong.most_common(_PAIRS)]


def request_of(manifest: Manifest) -> dict[str, Any]:
    """The body that asks for the same job again."""
    asked = manifest.spec
    body = asked.model_dump(mode="json", exclude_defaults=True) | {"seed": asked.seed, "task": asked.task}
    knobs = body.pop("hyperparameters", None)
    if knobs:
        body["method"] = {"type": "supervised", "supervised": {"hyperparameters": knobs}}
    if "tuning" in body:  # what tells the tunings apart is a default of each
        body["tuning"] = asked.tuning.model_dump(mode="json")
    if asked.objectives != "auto":
        body["objectives"] = [objective.model_dump(mode="json") for objective in asked.objectives]
    return body


def _inline(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
