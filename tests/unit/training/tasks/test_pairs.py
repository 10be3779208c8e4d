"""Every way to tune, with every task: trained, exported as it computes, and asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import Method, fit
from services.training.tunings.table import TUNINGS, tuning_of
from shared.contracts.training.offered import not_offered
from shared.contracts.training.tasks import DECODERS, WRITERS, TaskName
from shared.contracts.training.tunings import Frozen, Spec
from shared.tasks.readers import open_predictor
from shared.tasks.records import RECORDS
from tests.task_bundles import Made
from tests.unit.training.fitting.quiet import Quiet
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import base_of, recipe


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[TaskName], Path]:
    """What models of a task start from."""
    folder = tmp_path_factory.mktemp("models")
    kinds = {"reading": "embedding", "going-on": "causal_lm", "writing": "seq2seq"}
    made = {name: base_of(task, folder / name) for name, task in kinds.items()}  # type: ignore[arg-type]
    return lambda task: made["writing" if task == "seq2seq" else "going-on" if task in DECODERS else "reading"]


@pytest.mark.parametrize("tuning", [*TUNINGS], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("name", "kind"), SAMPLES, ids=lambda part: str(part).replace(" ", "-"))
def test_a_pair_trains_exports_and_answers(
    bases: Callable[[TaskName], Path], name: TaskName, kind: str, tuning: type[Spec], tmp_path: Path
) -> None:
    sample, spec = SAMPLES[name, kind], tuning()
    if tuning is Frozen and name in WRITERS:
        assert not_offered(name, spec, ()) is not None
        spec = Frozen(layers=1)
    refused = not_offered(name, spec, ())
    if refused is not None:
        assert "use " in refused[1]
        return
    made = Made.on(bases(name), name, kind)

    fitted = fit(
        made.model,
        made.examples,
        made.examples,
        recipe(spec, epochs=1, max_steps=2),
        Method(made.task, tuning_of(spec)),
        checkpoints=CheckpointFolder(tmp_path / "checkpoints"),
        callback=Quiet(),
    )

    assert fitted.steps == 2
    assert 0 < fitted.trained_weights <= fitted.weights * 1.5
    bundle, difference = made.export(tmp_path / "bundle", "ft:tiny:parley::pair")
    assert difference < 1e-4
    with closing(open_predictor(bundle)) as predictor:
        (prediction,) = predictor.predict([RECORDS[name].parse_input(sample.asked)])
    assert set(prediction.answer) == sample.fields
