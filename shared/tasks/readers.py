"""How models of each task are opened for those who ask them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.artifacts.bundle import Bundle
from shared.contracts.tasks import TaskName
from shared.inference.predictor import OpenPredictor, Parts, Predictor
from shared.inference.reader import TextReader
from shared.inference.session import CPU
from shared.tasks.embedding.reader import EmbeddingReader
from shared.tasks.masked_lm.reader import MaskedReader
from shared.tasks.pair_classification.reader import PairClassifyingReader
from shared.tasks.question_answering.reader import AnsweringReader
from shared.tasks.ranking.reader import RankingReader
from shared.tasks.text_classification.reader import ClassifyingReader
from shared.tasks.token_classification.reader import TaggingReader

#: Of the tasks whose models are a graph, a tokenizer and what the manifest says.
PREDICTORS: Mapping[TaskName, OpenPredictor] = {
    "text_classification": ClassifyingReader,
    "token_classification": TaggingReader,
    "pair_classification": PairClassifyingReader,
    "ranking": RankingReader,
    "embedding": EmbeddingReader,
    "question_answering": AnsweringReader,
    "masked_lm": MaskedReader,
}


def open_predictor(bundle: Bundle, *, threads: int = 1, providers: Sequence[str] = CPU) -> Predictor:
    """Load a model of any task, warm.

    Args:
        bundle: The model.
        threads: How many runs may go on side by side in one call.
        providers: Where it runs.

    Raises:
        BrokenArtifact: Its files do not fit together.
        SettingsError: The first provider is not there.
    """
    if bundle.manifest.task == "nlu":
        return TextReader.from_bundle(bundle, threads=threads, providers=providers)
    return PREDICTORS[bundle.manifest.task](Parts.of(bundle, threads=threads, providers=providers))
