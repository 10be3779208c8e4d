"""Answering without writing: the answer of the training turn that is most like the one at hand."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer

from tests.load.domain_data import Messages


class AnswerRetrieval:
    """Finds turns by the cosine of their words and pairs of words (TF-IDF).

    Args:
        conversations: Each answer in them is one that can be given.
        behind: Messages before an answer that tell turns from one another.
    """

    def __init__(self, conversations: Sequence[Messages], behind: int) -> None:
        self._behind = behind
        known = [
            (self._said(chat[:place]), chat[place]["content"])
            for chat in conversations
            for place in range(1, len(chat))
            if chat[place]["role"] == "assistant"
        ]
        self._answers = [answer for _, answer in known]
        self._vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        self._turns = self._vectorizer.fit_transform([said for said, _ in known])

    def answers(self, asked: Sequence[Messages]) -> list[str]:
        """The answer to each of some conversations that wait for one."""
        alike = self._vectorizer.transform([self._said(chat) for chat in asked]) @ self._turns.T
        return [self._answers[place] for place in alike.toarray().argmax(axis=1)]

    def _said(self, chat: Messages) -> str:
        return "\n".join(message["content"] for message in chat[-self._behind :])
