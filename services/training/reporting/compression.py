"""What a smaller model costs in score and gives in texts a second, both beside the model it was made from."""

from __future__ import annotations

from typing import Any, NamedTuple

from services.training.data.splitting import thinned
from services.training.exporting.selection import ExportedVariant
from services.training.exporting.speed import Reading, texts_per_second
from services.training.models.teachers import Teacher
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import points_lost
from services.training.tasks.task import Setting, Task
from shared.artifacts.manifest import FP32_MODEL

#: Validation rows that speeds are taken on.
_TEXTS = 100


class Compared(NamedTuple):
    """A student beside its teacher.

    Attributes:
        words: For the owner of the job.
        figures: Texts a second of ``teacher``, ``fp32`` and ``served``; ``speedup`` of what is served over what is served of the teacher;
            ``points_lost`` on the validation rows, of the score that lost most.
    """

    words: str
    figures: dict[str, float]


def beside_teacher(
    teacher: Teacher, task: Task[Any, Any, Any, Any], schema: Any, setting: Setting, chosen: ExportedVariant
) -> Compared:
    """Read the validation rows with both, as they are served.

    Args:
        teacher: What the student learned from.
        task: The task.
        schema: Labels of the rows.
        setting: The graphs of the student.
        chosen: The one that is served.
    """
    rows = thinned(setting.parts.validation, _TEXTS)
    mine = task.examples(setting.encoder, rows, schema)
    bundle = teacher.bundle
    theirs = task.examples(TextEncoder.load(bundle.folder, bundle.manifest.max_length), rows, schema)
    readings = {
        "teacher": Reading(bundle.path(bundle.manifest.served_file), theirs),
        "fp32": Reading(setting.folder / FP32_MODEL, mine),
        "served": Reading(setting.folder / chosen.file, mine),
    }
    speeds = texts_per_second(readings, task.collate)
    before = task.evaluate_bundle(bundle, setting.parts.validation, setting.threads)
    lost = points_lost(before, chosen.validation, task.quality)
    speedup = speeds["served"] / speeds["teacher"]
    words = (
        f"It reads {speedup:.2f} times the texts a second of its teacher, as both are served ({speeds['served']:.0f} and {speeds['teacher']:.0f} "
        f"side by side on one core), and on the validation rows it is {_points(lost)}."
    )
    return Compared(words, {**speeds, "speedup": speedup, "points_lost": lost})


def _points(lost: float) -> str:
    return f"{lost:.2f} points behind it" if lost > 0 else "not behind it"
