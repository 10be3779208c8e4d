"""An nlu and a generation that repeat what they are told, so that a test sees what travelled."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat.explanations import (
    ExplainTurn,
    NearestRow,
    Reading,
    RuleJudgement,
    TurnExplained,
    WordEffect,
)
from shared.contracts.chat.turns import Answer, DialogueState, TurnAnswered, TurnReceived, TurnUnderstood
from shared.contracts.chat.understanding import EntitySpan, IntentScore, Sentiment, SentimentLabel, Understanding
from shared.contracts.knowledge.passages import Passage, PassagesFound, SearchPassages
from shared.contracts.training.prediction import PredictRows, RowsPredicted
from shared.errors import BrokenArtifact, InvalidInput, NotFound
from shared.messaging.bus import Bus
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Handlers, one_by_one
from shared.messaging.topology import Queues

MODEL = "ft:echo:parley::1"
EMBEDDING = (0.6, 0.8)


def understand(text: str, model: str = MODEL) -> Understanding:
    """The first word is the intent, the last one an entity, and "angry" the sentiment; a token per word."""
    words = text.split()
    if not words:
        return Understanding(model=model, intent=None)
    label: SentimentLabel = "negative" if "angry" in words else "neutral"
    start = len(text) - len(words[-1])
    return Understanding(
        model=model,
        intent=IntentScore(name=words[0], confidence=0.9),
        ranking=(IntentScore(name=words[0], confidence=0.9),),
        entities=(EntitySpan(start=start, end=len(text), label="last", text=words[-1], confidence=0.8),),
        sentiment=Sentiment(label=label, score=-0.9 if label == "negative" else 0.0, confidence=0.9),
        language="en",
        tokens=len(words),
    )


def answer(understood: TurnUnderstood) -> TurnAnswered:
    """Says what was said, how many turns came along and how many the state has counted; "person" hands over."""
    turn, state = understood.turn, understood.turn.state
    if turn.text == "explode":
        raise InvalidInput("the bot has exploded", param="text")
    counted = DialogueState(failures=state.failures + 1, handed_over=state.handed_over or turn.text == "person")
    said = f"You said: {turn.text} ({len(turn.history)} before, {state.failures} counted)"
    reply = Answer(text="", kind="silent") if state.handed_over else Answer(text=said, kind="template")
    if counted.handed_over and not state.handed_over:
        reply = Answer(text="A colleague takes over.", kind="handover", handover="requested")
    return TurnAnswered(
        turn_id=turn.turn_id,
        conversation_id=turn.conversation_id,
        understanding=understood.understanding,
        answer=reply,
        state=counted,
        bot_version=1,
    )


def read(question: AnalyzeText) -> TextAnalyzed:
    """One understanding per text, and the same embedding for each."""
    if question.model == "ft:unknown":
        raise NotFound(f"No model {question.model!r}.", param="model", code="model_not_found")
    if question.model == "ft:broken":
        raise BrokenArtifact("cannot load /somewhere/on/our/disk/model.onnx")
    encoded = base64.b64encode(struct.pack("<2f", *EMBEDDING)).decode()
    return TextAnalyzed(
        understandings=tuple(understand(text, question.model or MODEL) for text in question.texts),
        embeddings=(encoded,) * len(question.texts) if question.with_embeddings else (),
        tokens=sum(len(text.split()) for text in question.texts),
    )


def predict(question: PredictRows) -> RowsPredicted:
    """The first word of each text is its label."""
    if question.model == MODEL:
        raise NotFound(f"No model {question.model!r}.", param="model", code="model_not_found")
    answers = tuple({"label": row["text"].split()[0], "confidence": 1.0} for row in question.rows)
    return RowsPredicted(
        model=question.model, task="text_classification", answers=answers, tokens=2 * len(question.rows)
    )


def explain(question: ExplainTurn) -> TurnExplained:
    """The first word did it all; how many turns came along is told as the rule's reason."""
    if question.model != MODEL:
        raise NotFound(f"No model {question.model!r}.", param="model", code="model_not_found")
    turn = question.turn
    first = turn.text.split()[0]
    effect = WordEffect(start=0, end=len(first), text=first, intent=0.9, sentiment=0.0)
    row = NearestRow(text="a row", intent=first, similarity=0.8, labelled_by="Ada")
    answered = answer(TurnUnderstood(turn=turn, understanding=understand(turn.text)))
    return TurnExplained(
        reading=Reading(words=(effect,), nearest=(row,), tokens=3),
        decided=RuleJudgement(rule="intent", reason=f"{len(turn.history)} before", score=0.9, threshold=0.4),
        passed_over=(RuleJudgement(rule="anger", reason="the message is neutral"),),
        not_reached=("fallback",),
        answer=answered.answer.text,
    )


def find(question: SearchPassages) -> PassagesFound:
    """The question is what stands in every store."""
    passage = Passage(file_id="file-1", filename="a.txt", position=0, text=question.queries[0], start=0, score=1.0)
    return PassagesFound(passages=(passage,), embedding_models=(MODEL,))


@contextmanager
def echoing(bus: Bus) -> Iterator[None]:
    """Both services on a bus."""

    def on_turn(turn: TurnReceived) -> TurnUnderstood:
        return TurnUnderstood(turn=turn, understanding=understand(turn.text))

    nlu: Handlers = {
        TurnReceived: one_by_one(on_turn),
        AnalyzeText: one_by_one(read),
        PredictRows: one_by_one(predict),
        ExplainTurn: one_by_one(explain),
    }
    generation: Handlers = {TurnUnderstood: one_by_one(answer)}
    with ExitStack() as stack:
        publisher = stack.enter_context(bus.publisher())
        stack.enter_context(Consumer(bus, Queues.NLU, nlu, publisher=publisher))
        stack.enter_context(Consumer(bus, Queues.GENERATION, generation, publisher=publisher))
        searches: Handlers = {SearchPassages: one_by_one(find)}
        stack.enter_context(Consumer(bus, Queues.KNOWLEDGE_SEARCH, searches, publisher=publisher))
        yield
