"""How much written answers have in common with the right ones, in any language."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

#: A Chinese, Japanese or Korean character by itself, or a run of letters and digits.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

#: Share of Chinese characters from which on texts are cut as Chinese: what sacrebleu takes for words is otherwise a whole sentence.
_CHINESE = 0.1


def words(text: str) -> list[str]:
    """The words of a text in lower case; a character of a language without blanks is one."""
    return [found.group() for found in _WORD.finditer(text.lower())]


class _Words:
    """How rouge_score asks for words."""

    def tokenize(self, text: str) -> list[str]:
        """See ``words``."""
        return words(text)


def overlap(answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """``bleu``, ``rouge_l`` and ``chrf``, 0..1, of answers and the right ones; and ``distinct_1`` and ``distinct_2`` of the answers.

    BLEU (Papineni et al. 2002) is of all together, with the order of short answers: two equal words are a hit. ROUGE-L (Lin 2004) is the
    mean of F1.
    """
    if not answers:
        return {}
    bleu = BLEU(tokenize="zh" if _is_chinese(references) else "13a", effective_order=True)
    rouge = RougeScorer(["rougeL"], tokenizer=_Words())
    pairs = list(zip(references, answers, strict=True))
    longest = [rouge.score(reference, answer)["rougeL"].fmeasure for reference, answer in pairs]
    return {
        "bleu": bleu.corpus_score(list(answers), [list(references)]).score / 100,
        "rouge_l": sum(longest) / len(longest),
        "chrf": CHRF().corpus_score(list(answers), [list(references)]).score / 100,
        **{f"distinct_{n}": distinct(answers, n) for n in (1, 2)},
    }


def distinct(answers: Sequence[str], n: int) -> float:
    """Of all runs of n words, how many there are only once over (Li et al. 2016, arXiv:1510.03055)."""
    runs = [run for answer in answers for run in zip(*(words(answer)[place:] for place in range(n)), strict=False)]
    return len(set(runs)) / max(len(runs), 1)


def _is_chinese(texts: Sequence[str]) -> bool:
    characters = sum(len(text) for text in texts)
    return sum(len(_HAN.findall(text)) for text in texts) > _CHINESE * characters
