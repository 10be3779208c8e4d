"""Answers questions about a text: by a classifier among its labels, or by how near the text is to what each answer is like."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import numpy as np

from shared.contracts.chat.decisions import DecisionOption, DecisionQuestion
from shared.errors import InvalidInput
from shared.inference.decoding import softmax
from shared.inference.predictor import Predictor
from shared.inference.reader import TextReader
from shared.inference.session import FloatArray
from shared.inference.windows import mean_direction
from shared.tasks.embedding.reader import EmbeddingReader
from shared.tasks.text_classification.few_shot import SCALE, Embedder, best_scale
from shared.tasks.text_classification.record import Input

#: Of a statement that has no examples: the cosine at which it holds as likely as not, and how fast that changes.
#: Both fitted by ``python -m tests.load.decisions``; see docs/quality.md.
LIKELY_AS_NOT, SLOPE = 0.325, 18.0
#: Vectors of descriptions and examples that are kept.
_KEPT = 20_000

Answers = list[tuple[float, ...]]


class TextVectors:
    """Vectors of descriptions and examples, which come again with every text that is asked about."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], FloatArray] = OrderedDict()

    def of(
        self, model_id: str, embedder: Embedder, texts: Iterable[str], fresh: str
    ) -> tuple[dict[str, FloatArray], int]:
        """The vectors of texts and of a ``fresh`` one, all that are not known in one run; and the tokens read for it."""
        wanted = list(dict.fromkeys(texts))
        missing = [text for text in wanted if (model_id, text) not in self._known]
        vectors, tokens = embedder.embed_counted([fresh, *missing])
        found = dict(zip(missing, vectors[1:], strict=True))
        for text in wanted:
            if text not in found:
                found[text] = self._known[(model_id, text)]
                self._known.move_to_end((model_id, text))
        for text in missing:
            self._known[(model_id, text)] = found[text]
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return {**found, fresh: vectors[0]}, sum(tokens)


def decide(
    predictor: Predictor, vectors: TextVectors, text: str, questions: Sequence[DecisionQuestion]
) -> tuple[Answers, int]:
    """The probabilities of each question's options (none where the model cannot tell), and the tokens read.

    Raises:
        InvalidInput: The model is neither a classifier nor one that embeds.
    """
    if not text.strip():
        return [()] * len(questions), 0
    if predictor.task == "text_classification":
        prediction = predictor.predict([Input(text=text)])[0]
        told = prediction.answer["probabilities"]
        several = "labels" in prediction.answer
        return [_by_labels(question, told, several=several) for question in questions], prediction.tokens
    if not isinstance(predictor, TextReader | EmbeddingReader):
        raise InvalidInput(
            f"{predictor.model_id} is a model of {predictor.task}, which decides nothing.", param="model"
        )
    known = (each for question in questions for option in question.options for each in _texts(question, option))
    found, tokens = vectors.of(predictor.model_id, predictor, known, text)
    return [_by_nearness(question, found[text], found) for question in questions], tokens


def _by_labels(question: DecisionQuestion, told: dict[str, float], *, several: bool) -> tuple[float, ...]:
    """By a classifier: a predicate is the label that it is named after, other questions choose among labels."""
    if question.kind == "predicate":
        yes = told.get(question.name or "")
        return () if yes is None else (yes, 1.0 - yes)
    if several or any(option.name not in told for option in question.options):
        return ()
    chosen = np.array([told[option.name] for option in question.options])
    total = float(chosen.sum())
    return tuple((chosen / total).tolist()) if total > 0 else ()


def _by_nearness(question: DecisionQuestion, text: FloatArray, known: dict[str, FloatArray]) -> tuple[float, ...]:
    texts = [_texts(question, option) for option in question.options]
    if question.kind == "predicate" and not texts[1]:
        nearness = float(text @ mean_direction(np.stack([known[each] for each in texts[0]])))
        yes = 1.0 / (1.0 + float(np.exp(-SLOPE * (nearness - LIKELY_AS_NOT))))
        return (yes, 1.0 - yes)
    prototypes = np.stack([mean_direction(np.stack([known[each] for each in some])) for some in texts])
    told = [option for option in question.options if option.examples]
    examples = [(known[each], place) for place, option in enumerate(question.options) for each in option.examples]
    scale = SCALE
    if len(told) > 1:
        scale = best_scale(np.stack([vector for vector, _ in examples]), np.array([place for _, place in examples]))
    likely: list[float] = softmax((prototypes @ text)[None], 1 / scale)[0].tolist()
    return tuple(likely)


def _texts(question: DecisionQuestion, option: DecisionOption) -> list[str]:
    """What an answer is like: what describes it, and its examples; nothing describes that a statement does not hold."""
    if question.kind == "predicate":
        described = [question.instructions] if option is question.options[0] else []
    else:
        described = [option.description or option.name.replace("_", " ")]
    return [*described, *option.examples]
