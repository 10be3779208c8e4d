"""Reads documents with the models of their stream: many at once, each text only once however often it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.monitoring.reading.finder import with_found
from services.monitoring.reading.inference import Inference
from services.monitoring.reading.models import ChosenModel, StreamModels
from services.monitoring.reading.sentiment import UNTOLD, Felt, of_probabilities, of_understanding, together
from services.monitoring.reading.topics import Prototypes, examples_of
from services.monitoring.reading.watch_list import Mention, WatchList
from services.monitoring.reading.windows import Window, about, windows
from shared.contracts.chat.understanding import UNDETERMINED
from shared.contracts.monitoring.streams import StreamDocument, StreamSpec
from shared.errors import BrokenArtifact, InvalidInput, NotFound
from shared.telemetry import logs
from shared.text.language import language_of

_log = logs.get(__name__)

#: Streams whose automaton and prototypes are kept.
_KEPT = 100


@dataclass(frozen=True, slots=True)
class EntityReading:
    """How a document feels towards somebody."""

    entity: str
    felt: Felt
    model: str


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """What was read of a document.

    Attributes:
        text: Title and text, as they were read; spans count its characters.
        parts: Of a text of several windows, how each feels.
        model: Id of the model that told the sentiment; empty: none could.
    """

    document: StreamDocument
    text: str
    felt: Felt
    parts: tuple[tuple[Window, Felt], ...]
    entities: tuple[EntityReading, ...]
    topic: str
    language: str
    model: str


@dataclass(slots=True)
class _Kept:
    """What is made of a declaration."""

    spec: StreamSpec
    watch_list: WatchList
    embedder: str = ""
    prototypes: Prototypes | None = None


@dataclass(slots=True)
class _Texts:
    """Texts that one model is asked about, each once, and what it says."""

    said: dict[str, Felt] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)


class DocumentReader:
    """Reads documents. To be used by one thread.

    Args:
        inference: The way to nlu.
    """

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._kept: dict[str, _Kept] = {}

    def read(
        self, stream: str, spec: StreamSpec, models: StreamModels, documents: Sequence[StreamDocument]
    ) -> list[DocumentReading]:
        """One reading per document, in their order. What a model cannot tell is left untold; the documents count nevertheless.

        Raises:
            ParleyError: nlu is away or busy; the call can be repeated.
        """
        kept = self._of(stream, spec)
        texts = [f"{one.title}\n{one.text}" if one.title else one.text for one in documents]
        cut = [windows(text) for text in texts]
        mentions = self._mentions(models.finder, texts, kept.watch_list)
        towards = [
            _towards(text, found, models.entity is not None) for text, found in zip(texts, mentions, strict=True)
        ]
        wanted = {text[part.start : part.end] for text, parts in zip(texts, cut, strict=True) for part in parts}
        wanted |= {
            text[part.start : part.end]
            for text, by in zip(texts, towards, strict=True)
            for parts in by.values()
            for part in parts
        }
        said = self._sentiments(models, sorted(wanted), kept, spec)
        pairs = self._pairs(models.entity, texts, mentions)
        topics = self._topics(models.topic, texts)
        readings = []
        for place, (document, text) in enumerate(zip(documents, texts, strict=True)):
            felt = [said.said[text[part.start : part.end]] for part in cut[place]]
            whole = together(felt, [part.end - part.start for part in cut[place]]) if len(felt) > 1 else felt[0]
            first = text[cut[place][0].start : cut[place][0].end]
            readings.append(
                DocumentReading(
                    document=document,
                    text=text,
                    felt=whole,
                    parts=tuple(zip(cut[place], felt, strict=True)) if len(felt) > 1 else (),
                    entities=self._entities(models, text, mentions[place], towards[place], said, pairs, whole),
                    topic=topics.get(text, "") or said.topics.get(first, ""),
                    language=document.language or _language(text, said.languages.get(first, "")),
                    model="" if models.sentiment is None or whole.label is None else models.sentiment.id,
                )
            )
        return readings

    def _mentions(self, finder: ChosenModel | None, texts: Sequence[str], listed: WatchList) -> list[list[Mention]]:
        """Who is named in each text."""
        mentions = [listed.find(text) for text in texts]
        if finder is None:
            return mentions
        answers = self._asked(finder, [{"text": text} for text in texts])
        return [with_found(*one) for one in zip(texts, mentions, answers, strict=True)]

    def _of(self, stream: str, spec: StreamSpec) -> _Kept:
        found = self._kept.get(stream)
        if found is None or found.spec != spec:
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            found = self._kept[stream] = _Kept(spec, WatchList(spec.watch))
        return found

    def _sentiments(self, models: StreamModels, texts: Sequence[str], kept: _Kept, spec: StreamSpec) -> _Texts:
        found = _Texts()
        model, embedder = models.sentiment, models.embedder
        if model is not None and model.task != "nlu":
            found.said = dict(zip(texts, self._classified(model, texts), strict=True))
            reads = embedder
        else:
            reads = model
        if reads is not None:
            self._understand(reads, texts, found, kept, spec, topics=embedder is not None and embedder.id == reads.id)
        for text in texts:
            found.said.setdefault(text, UNTOLD)
        return found

    def _understand(
        self, model: ChosenModel, texts: Sequence[str], found: _Texts, kept: _Kept, spec: StreamSpec, *, topics: bool
    ) -> None:
        try:
            read = self._inference.read(model.id, texts, with_embeddings=topics)
        except (NotFound, InvalidInput, BrokenArtifact) as error:
            _log.warning("model cannot read a stream's documents", model=model.id, reason=error.message)
            return
        prototypes = self._prototypes(model, kept, spec) if topics else None
        for text, one in zip(texts, read, strict=True):
            found.said.setdefault(text, of_understanding(one.understanding))
            found.languages[text] = one.understanding.language
            if prototypes is not None and one.embedding is not None:
                found.topics[text] = prototypes.nearest(one.embedding)

    def _prototypes(self, model: ChosenModel, kept: _Kept, spec: StreamSpec) -> Prototypes | None:
        if kept.embedder != model.id:
            examples = examples_of(spec.topics)
            read = self._inference.read(model.id, [text for _, text in examples], with_embeddings=True)
            vectors = [one.embedding for one in read if one.embedding is not None]
            kept.prototypes = (
                Prototypes([name for name, _ in examples], vectors) if len(vectors) == len(examples) else None
            )
            kept.embedder = model.id
        return kept.prototypes

    def _classified(self, model: ChosenModel, texts: Sequence[str]) -> list[Felt]:
        return [of_probabilities(answer) for answer in self._asked(model, [{"text": text} for text in texts])]

    def _topics(self, model: ChosenModel | None, texts: Sequence[str]) -> dict[str, str]:
        if model is None:
            return {}
        distinct = sorted(set(texts))
        answers = self._asked(model, [{"text": text} for text in distinct])
        return {text: _label(answer) for text, answer in zip(distinct, answers, strict=True)}

    def _pairs(
        self, model: ChosenModel | None, texts: Sequence[str], mentions: Sequence[Sequence[Mention]]
    ) -> dict[tuple[str, str], Felt]:
        """How a model of pairs feels each text is towards each name in it, as it is written there."""
        if model is None:
            return {}
        asked = sorted(
            {(text[one.start : one.end], text) for text, found in zip(texts, mentions, strict=True) for one in found}
        )
        answers = self._asked(model, [{"text": text, "text_pair": name} for name, text in asked])
        return {pair: of_probabilities(answer) for pair, answer in zip(asked, answers, strict=True)}

    def _asked(self, model: ChosenModel, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Its answers; empty ones if it cannot read at all."""
        try:
            return self._inference.predict(model.id, rows)
        except (NotFound, InvalidInput, BrokenArtifact) as error:
            _log.warning("model cannot read a stream's documents", model=model.id, reason=error.message)
            return [{} for _ in rows]

    def _entities(
        self,
        models: StreamModels,
        text: str,
        mentions: Sequence[Mention],
        towards: dict[str, list[Window]],
        said: _Texts,
        pairs: dict[tuple[str, str], Felt],
        whole: Felt,
    ) -> tuple[EntityReading, ...]:
        found = []
        for entity in sorted({one.entity for one in mentions}):
            names = sorted({text[one.start : one.end] for one in mentions if one.entity == entity})
            told = [felt for name in names if (felt := pairs.get((name, text), UNTOLD)).label is not None]
            model = models.entity
            if not told:
                model = models.sentiment
                told = [said.said[text[part.start : part.end]] for part in towards.get(entity, [])] or [whole]
            felt = told[0] if len(told) == 1 else together(told, [1] * len(told))
            found.append(EntityReading(entity, felt, model.id if model is not None and felt.label is not None else ""))
        return tuple(found)


def _towards(text: str, mentions: Sequence[Mention], by_pairs: bool) -> dict[str, list[Window]]:
    """Where something is said of each; nothing for a text that names one alone, which is about them as a whole."""
    entities = {one.entity for one in mentions}
    if len(entities) < 2 or by_pairs:
        return {}
    return {entity: about(text, entity, mentions) for entity in entities}


def _label(answer: dict[str, Any]) -> str:
    label = answer.get("label") or next(iter(answer.get("labels", ())), "")
    return str(label)[:100]


def _language(text: str, told: str) -> str:
    language = told or language_of(text)
    return "" if language == UNDETERMINED else language
