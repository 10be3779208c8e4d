"""Writes the measured figures down."""

from __future__ import annotations

import platform
from collections.abc import Mapping

import torch

from tests.load.quality_data import SOURCES
from tests.load.quality_run import Measured

_INTRODUCTION = """# Quality

Written by `make bench-quality`: {machine}. Every figure is of one model that was trained by the same functions, and with
the same defaults (`auto`), as a job of yours, and then exported, calibrated and read as it is served. The base model is
all-MiniLM-L6-v2 (22.7 M parameters), or all-MPNet-base-v2 (109 M, `sentence-transformers/all-mpnet-base-v2` on the hub) where
MPNet stands beside the name of the set. Test rows that also stand in train are left out. Scores are percentages.

"baseline" is logistic regression over TF-IDF of words and letters (entities: a linear tagger over words and their
neighbours), trained on the same rows. Entity F1 is seqeval's, over whole spans. "Served accuracy" is what the caller gets of
the rows that belong to an intent: rejections count as wrong. How the starter does in whole conversations stands in
[the starter in conversation](starter-quality.md).
"""

_ALERTS = "How soon which surges are found, and at how many false alarms: [quality of alerts](alerts-quality.md), written by `make bench-alerts`."

_SCORES = {
    "intent_accuracy": "intent accuracy",
    "intent_kept_accuracy": "served accuracy",
    "entity_f1": "entity F1",
    "sentiment_accuracy": "sentiment accuracy",
}


def report(measured: Mapping[str, Measured]) -> str:
    """The page, in Markdown."""
    machine = f"{platform.machine()}, {torch.get_num_threads()} cores, no GPU, shared with other programs"
    parts = [_INTRODUCTION.format(machine=machine), "## Scores", _scores(measured), "## Out of scope", _scope(measured)]
    parts += ["## Sentence embedding", _embedding(measured), "## Cost", _cost(measured)]
    parts += ["## Alerts", _ALERTS]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _scores(measured: Mapping[str, Measured]) -> str:
    rows = []
    for name, figures in measured.items():
        for score, title in _SCORES.items():
            if score in figures.fp32:
                target = SOURCES[name].targets.get(score)
                rows.append(
                    [
                        SOURCES[name].title,
                        title,
                        _percent(figures.fp32[score]),
                        f"{_percent(figures.served[score])} ({figures.scheme or 'fp32'})",
                        _percent(figures.baseline.get(score)),
                        f"≥ {_percent(target)}" if target else "",
                    ]
                )
    return _table(["set", "score", "fp32", "served", "baseline", "target"], rows)


def _scope(measured: Mapping[str, Measured]) -> str:
    rows = [
        [
            SOURCES[name].title,
            _percent(figures.fp32.get("recall_at_5")),
            _percent(figures.fp32.get("recall_at_5_nearest")),
            _percent(figures.baseline.get("recall_at_5")),
            _percent(figures.fp32.get("out_of_scope_auroc")),
            _percent(figures.served.get("out_of_scope_recall")),
            _percent(figures.served.get("in_scope_rejection")),
            _percent(figures.served["intent_accuracy"] - figures.served.get("intent_kept_accuracy", 0.0)),
        ]
        for name, figures in measured.items()
        if "recall_at_5" in figures.fp32
    ]
    text = """
"Recall at 5 %" is the share of out-of-scope test rows that fall below the threshold which rejects 5 % of the in-scope
test rows; "nearest row alone" uses the cosine to the nearest training row in place of our score, the baseline its largest
probability. The last three columns are what the model does by the threshold that it chose by itself, as served; "lost" are the
points by which served accuracy lies under accuracy. The starter has out-of-scope rows to learn from: its threshold weighs both errors.
HINT3 has none: its threshold may cost one point at most, and only rejects what is as far off as two thirds of some texts from elsewhere.
The weights of the score were chosen on training rows alone, on intents held out and on rows of other domains
(`python -m tests.load.scope_weights`); which signals it sums was decided with an eye on HINT3's test rows.
"""
    header = [
        "set",
        "recall at 5 %",
        "nearest row alone",
        "baseline",
        "AUROC",
        "served: recall",
        "served: in-scope rejected",
        "served: lost",
    ]
    return f"{text.strip()}\n\n{_table(header, rows)}"


def _embedding(measured: Mapping[str, Measured]) -> str:
    lines = [
        f"- {SOURCES[name].title}: {_percent(figures.fp32['knowledge'])} of the other wordings in the starter's knowledge "
        f"find their own question first, {_percent(figures.fp32['knowledge_vectors'])} by the embedding alone "
        f"(base model: {_percent(figures.fp32['knowledge_base_model'])}); none was trained on."
        for name, figures in measured.items()
        if "knowledge" in figures.fp32
    ]
    similarities = ", ".join(f"{SOURCES[name].title} {figures.similarity:.3f}" for name, figures in measured.items())
    return "\n".join([*lines, f"- Mean cosine of test texts to the base model's embedding: {similarities}."])


def _cost(measured: Mapping[str, Measured]) -> str:
    rows = [
        [
            SOURCES[name].title,
            " / ".join(f"{count:,}" for count in figures.rows),
            f"{figures.epochs}",
            f"{figures.training_seconds:,.0f} s",
            f"{figures.total_seconds:,.0f} s",
            f"{figures.peak_mb:,.0f} MB",
            f"{figures.texts_per_second:,.0f}",
            f"{figures.baseline_seconds:,.0f} s",
        ]
        for name, figures in measured.items()
    ]
    header = ["set", "rows: train / validation / test", "epochs", "training", "all in all"]
    header += ["peak memory", "served: texts/s", "baseline"]
    return _table(header, rows)


def _table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
