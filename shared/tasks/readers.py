"""How models of each task are opened for those who ask them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.artifacts.bundle import Bundle
from shared.contracts.training.tasks import TaskName
from shared.inference.predictor import OpenBundle, Predictor, of_parts
from shared.inference.reader import TextReader
from shared.inference.session import CPU
from shared.tasks.causal_lm.reader import TextWriter
from shared.tasks.embedding.reader import EmbeddingReader
from shared.tasks.masked_lm.reader import MaskedReader
from shared.tasks.pair_classification.reader import PairClassifyingReader
from shared.tasks.question_answering.reader import AnsweringReader
from shared.tasks.ranking.reader import RankingReader
from shared.tasks.recommendation.reader import RecommendingReader
from shared.tasks.seq2seq.reader import SequenceWriter
from shared.tasks.text_classification.reader import ClassifyingReader
from shared.tasks.text_generation.reader import AnswerWriter
from shared.tasks.token_classification.reader import TaggingReader

PREDICTORS: Mapping[TaskName, OpenBundle] = {
    "nlu": TextReader.from_bundle,
    "text_classification": of_parts(ClassifyingReader),
    "token_classification": of_parts(TaggingReader),
    "pair_classification": of_parts(PairClassifyingReader),
    "ranking": of_parts(RankingReader),
    "embedding": of_parts(EmbeddingReader),
    "question_answering": of_parts(AnsweringReader),
    "masked_lm": of_parts(MaskedReader),
    "text_generation": AnswerWriter.from_bundle,
    "causal_lm": TextWriter.from_bundle,
    "recommendation": RecommendingReader.from_bundle,
    "seq2seq": SequenceWriter.from_bundle,
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
    return PREDICTORS[bundle.manifest.task](bundle, threads=threads, providers=providers)
