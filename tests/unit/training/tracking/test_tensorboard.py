from __future__ import annotations

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from services.training.tracking.tensorboard import TensorBoard
from services.training.tracking.tracker import Point, unbroken
from tests.unit.training.tracking.tracked import POINTS, RUN, SCORES, scalars


def test_tensorboard_reads_every_figure_at_its_step(tmp_path: Path) -> None:
    tracker = TensorBoard(tmp_path / "curves")
    tracker.started(RUN, [])
    for point in POINTS:
        tracker.metrics(point)
    file = tracker.finished("succeeded", SCORES)
    assert file is not None
    assert file.name == "events.out.tfevents.1000.ftjob-tracked"
    assert scalars(file) == {
        "train_loss": [(1, 2.0), (5, 1.0), (9, 0.5)],
        "head_rate": [(1, 1e-3), (5, 5e-4), (9, 1e-4)],
        "valid_score": [(5, 0.5)],
        "test_intent_accuracy": [(9, 0.75)],
    }
    events = EventAccumulator(str(file)).Reload()
    assert [one.wall_time for one in events.Scalars("train_loss")] == [1000.0, 1002.0, 1004.0]
    (text,) = events.Tensors("job/text_summary")
    assert text.tensor_proto.string_val[0].decode() == '    {\n      "task": "nlu"\n    }'


def test_tensorboard_lists_the_parameters(tmp_path: Path) -> None:
    tracker = TensorBoard(tmp_path)
    tracker.started(RUN, POINTS)
    file = tracker.finished("succeeded", SCORES)
    content = EventAccumulator(str(file)).Reload().SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    told = HParamsPluginData.FromString(content).session_start_info.hparams
    assert (told["task"].string_value, told["seed"].number_value) == ("nlu", 7.0)
    assert told["schedule.gradient_checkpointing"].bool_value is False


def test_a_curve_goes_on_where_training_does(tmp_path: Path) -> None:
    """The second attempt takes the steps after the checkpoint of step 5 again; a third begins anew."""
    tracker = TensorBoard(tmp_path)
    tracker.started(RUN, [point for point in POINTS if point.step <= 5])
    for step in (6, 7, 9):
        tracker.metrics(Point(step, 2000.0 + step, {"train_loss": step / 10}))
    file = tracker.finished("succeeded", {})
    assert file is not None
    assert scalars(file)["train_loss"] == [(1, 2.0), (5, 1.0), (6, 0.6), (7, 0.7), (9, 0.9)]
    anew = [*POINTS, Point(1, 3000.0, {"train_loss": 3.0}), Point(2, 3001.0, {"train_loss": 2.5})]
    assert [(point.step, point.at) for point in unbroken(anew)] == [(1, 3000.0), (2, 3001.0)]


def test_steps_told_twice_count_once_and_what_was_told_of_them_besides_stays() -> None:
    again = Point(9, 2000.0, {"train_loss": 0.4, "head_rate": 2e-4})
    assert unbroken([*POINTS, again]) == [*POINTS[:3], again]
    validated = Point(9, 2001.0, {"valid_score": 0.7})
    assert unbroken([*POINTS, validated]) == [*POINTS, validated]


def test_only_numbers_that_make_a_curve_are_points() -> None:
    data = {"step": 3, "total_steps": 9, "epoch": 1, "train_loss": 0.5, "seconds_left": 2.0, "note": "x"}
    assert Point.of(data, 7.0) == Point(3, 7.0, {"epoch": 1.0, "train_loss": 0.5})
