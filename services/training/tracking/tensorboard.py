"""An event file for TensorBoard; every job has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from services.training.tracking.tracker import Ending, Point, Run, unbroken

if TYPE_CHECKING:
    from tensorboardX.proto.event_pb2 import Event

#: Version of the format, which readers look for in the first event.
_VERSION = "brain.Event:2"


class TensorBoard:
    """Collects the curve and writes it when the attempt ends: training taken up anew then leaves no trace in it.

    Args:
        folder: Where the file goes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._points: list[Point] = []
        self._run: Run | None = None

    def started(self, run: Run, curve: Sequence[Point]) -> None:
        """Training begins."""
        self._run = run
        self._points = list(curve)

    def metrics(self, point: Point) -> None:
        """Figures were told."""
        self._points.append(point)

    def finished(self, ending: Ending, scores: Mapping[str, float]) -> Path | None:
        """Write the file."""
        if self._run is None or ending != "succeeded":
            return None
        from tensorboardX import RecordWriter

        curve = unbroken(self._points)
        began = curve[0].at if curve else 0.0
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"events.out.tfevents.{int(began)}.{self._run.job_id}"
        writer = RecordWriter(str(path))
        for event in _events(self._run, curve, scores, began):
            writer.write(event.SerializeToString())
        writer.close()
        return path


def _events(run: Run, curve: Sequence[Point], scores: Mapping[str, float], began: float) -> Iterator[Event]:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.summary import hparams, scalar, text

    tests = {f"test_{name}": value for name, value in scores.items()}
    yield Event(wall_time=began, file_version=_VERSION)
    for summary in hparams(dict(run.parameters), tests):
        yield Event(wall_time=began, summary=summary)
    # Four spaces make it code in TensorBoard's Markdown.
    shown = "\n".join(f"    {line}" for line in run.text.splitlines())
    yield Event(wall_time=began, summary=text("job", shown))
    for point in curve:
        for name, value in point.values.items():
            yield Event(wall_time=point.at, step=point.step, summary=scalar(name, value))
    last = curve[-1] if curve else Point(0, began, {})
    for name, value in tests.items():
        yield Event(wall_time=last.at, step=last.step, summary=scalar(name, value))
