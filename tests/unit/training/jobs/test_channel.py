"""What a trainer tells its supervisor, and the curve that it leaves behind."""

from __future__ import annotations

import io

from services.training.jobs.channel import Channel, received
from services.training.jobs.supervisor import died_of
from services.training.reporting.release import curve_csv
from shared.contracts.releases import ModelPublished
from shared.contracts.training.jobs import TrainingProgressed


def test_messages_arrive_in_order_and_rubbish_does_not() -> None:
    stream = io.StringIO()
    channel = Channel(stream)
    progressed = TrainingProgressed(job_id="ftjob-1", status="running", step=1, total_steps=2)
    published = ModelPublished(slot="nlu", model_id="ft:x:parley::y")
    channel.send(progressed)
    stream.write("a library prints something\n")
    channel.send(published)
    stream.write('training.progressed {"job_id": "cut off')
    stream.seek(0)
    assert list(received(stream)) == [progressed, published]


def test_the_curve_has_a_column_for_every_figure() -> None:
    figures = [
        {"step": 1, "total_steps": 2, "train_loss": 0.5},
        {"step": 2, "total_steps": 2, "valid_score": 0.9, "valid_entity_f1": 0.8},
    ]
    assert curve_csv(figures) == "step,train_loss,valid_entity_f1,valid_score\n1,0.5,,\n2,,0.8,0.9\n"


def test_deaths_have_names() -> None:
    assert "memory" in died_of(-9)
    assert "signal 11" in died_of(-11)
    assert "event before" in died_of(1)
    assert "told to stop" in died_of(75)
    assert "status 3" in died_of(3)
