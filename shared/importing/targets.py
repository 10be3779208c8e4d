"""The fields of our rows, what people call them, and which of them make up a row of each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Reading = Literal[
    "text", "texts", "label", "labels", "spans", "sentiment", "number", "words", "answers", "messages", "context"
]
"""How a value becomes what the field holds; the functions stand in ``values``."""

#: What people call each field, besides its own name; compared without case, blanks and punctuation.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "text": (
        *("message", "utterance", "sentence", "content", "example", "phrase", "review", "comment", "document", "body"),
        *(
            "messages",
            "texts",
            "utterances",
            "sentences",
            "comments",
            "reviews",
            "user message",
            "customer message",
            "texte",
            "texto",
            "nachricht",
            "mensaje",
        ),
        *("文本", "内容", "句子", "语句", "消息", "评论", "正文", "問句", "內容", "訊息", "評論"),
    ),
    "intent": (
        *(
            "label",
            "category",
            "class",
            "topic",
            "tag",
            "cats",
            "choice",
            "intention",
            "intents",
            "kategorie",
            "etiqueta",
        ),
        *("意图", "标签", "类别", "分类", "意圖", "標籤", "類別", "分類"),
    ),
    "entities": ("spans", "slots", "named entities", "ner", "annotations", "实体", "槽位", "實體"),
    "sentiment": (
        "polarity",
        "tone",
        "emotion",
        "sentiment label",
        "情感",
        "情绪",
        "极性",
        "情感倾向",
        "情緒",
        "情感傾向",
    ),
    "context": (
        "history",
        "previous messages",
        "dialogue history",
        "passage",
        "paragraph",
        "上下文",
        "历史",
        "段落",
        "歷史",
    ),
    "label": ("category", "class", "topic", "标签", "类别", "標籤", "類別"),
    "labels": ("categories", "classes", "topics", "多标签"),
    "tokens": ("words", "词", "词语"),
    "tags": ("ner tags", "pos tags", "token labels", "标注"),
    "question": ("frage", "pregunta", "问题", "問題"),
    "answers": ("answer", "答案", "回答"),
    "text_pair": ("sentence2", "text2", "text b", "hypothesis", "second text", "句子2", "文本2"),
    "score": ("similarity", "相似度"),
    "query": ("anchor", "search", "question", "问题", "問題", "查询", "查詢"),
    "positive": ("positives", "positive passage", "positive passages", "answer", "正例"),
    "negatives": ("negative", "negative passages", "hard negatives", "负例", "負例"),
    "messages": ("conversations", "conversation", "dialogue", "对话", "對話"),
    "input": ("source", "instruction", "输入", "輸入"),
    "target": ("output", "summary", "response", "输出", "輸出"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The rows of one task.

    Attributes:
        fields: How each field is read.
        needed: Groups of which every row needs one.
        first_of_pair: Names of ``text`` that only rows with a second text have.
        unless: Columns with which rows are of another task.
        told: Whether a person has to say that this is the task: its names are those of the usual rows too.
    """

    fields: Mapping[str, Reading]
    needed: tuple[tuple[str, ...], ...]
    first_of_pair: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    told: bool = False


_RETRIEVAL = Shape({"query": "text", "positive": "texts", "negatives": "texts"}, (("query",), ("positive",)))

#: The rows of each task. A file whose columns fit several is taken for the first of them.
SHAPES: Mapping[str, Shape] = {
    "text_generation": Shape({"messages": "messages"}, (("messages",),)),
    "question_answering": Shape(
        {"question": "text", "context": "text", "answers": "answers"}, (("question",), ("context",), ("answers",))
    ),
    "pair_classification": Shape(
        {"text": "text", "text_pair": "text", "label": "label", "score": "number"},
        (("text",), ("text_pair",), ("label", "score")),
        ("sentence1", "text1", "text a", "premise", "first text", "句子1", "文本1"),
    ),
    "embedding": _RETRIEVAL,
    "ranking": replace(_RETRIEVAL, told=True),
    "token_classification": Shape(
        {"tokens": "words", "tags": "words"}, (("tokens",), ("tags",)), unless=("intent", "sentiment")
    ),
    "seq2seq": Shape({"input": "text", "target": "text"}, (("input",), ("target",))),
    "nlu": Shape(
        {"text": "text", "intent": "label", "entities": "spans", "sentiment": "sentiment", "context": "context"},
        (("text",), ("intent", "entities", "sentiment")),
    ),
    "text_classification": Shape(
        {"text": "text", "label": "label", "labels": "labels"}, (("text",), ("label", "labels")), told=True
    ),
}
