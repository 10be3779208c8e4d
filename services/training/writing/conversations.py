"""Conversations as the tokens that a decoder reads: just those that it reads and writes when it serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tokenizers import Tokenizer

from services.training.models.decoder import Wording
from services.training.writing.token_sequences import TokenSequence
from shared.decoding.chat_template import BadTemplate
from shared.errors import TrainingFailed

Chat = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Turn:
    """An answer with everything before it.

    Attributes:
        before: The text that the model is given.
        answer: What it should write.
    """

    before: str
    answer: str


class Conversations:
    """Cuts conversations into tokens.

    Args:
        tokenizer: Of the base model; special tokens are read as such.
        wording: Of the base model.
        max_length: Tokens of a sequence.
    """

    def __init__(self, tokenizer: Tokenizer, wording: Wording, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._wording = wording
        self._max_length = max_length

    def sequences(self, chat: Chat, learned: Sequence[bool]) -> list[TokenSequence]:
        """The conversation as one sequence with all its answers; as one of each answer where its template words them otherwise, or it is too long.

        Args:
            chat: The last message is an answer.
            learned: Which messages are answers to learn.

        Raises:
            TrainingFailed: The template of the base model refuses it.
        """
        turns = [self._turn(chat[: place + 1]) for place, is_learned in enumerate(learned) if is_learned]
        whole = self._joined(turns)
        if whole is not None and len(whole) <= self._max_length:
            return [whole]
        return [self._cut(turn) for turn in turns]

    def answered(self, chat: Chat) -> TokenSequence:
        """The conversation with its last answer alone to learn."""
        return self._cut(self._turn(chat))

    def length(self, chat: Chat) -> int:
        """Tokens of a whole conversation."""
        return len(self._ids(self._render(chat, answering=False)))

    def prompt(self, chat: Chat) -> list[int]:
        """The tokens of a conversation that waits for an answer."""
        return self._ids(self._render(chat, answering=True))

    def _turn(self, chat: Chat) -> _Turn:
        before, whole = self._render(chat[:-1], answering=True), self._render(chat, answering=False)
        if not whole.startswith(before):
            raise TrainingFailed(
                "The chat template of the base model words an answer otherwise than it asks for one, so that none can be learned. "
                "Choose another base model.",
                param="model",
            )
        return _Turn(before, whole[len(before) :])

    def _render(self, chat: Chat, *, answering: bool) -> str:
        try:
            return self._wording.template.render(chat, answering=answering)
        except BadTemplate as error:
            raise TrainingFailed(
                f"The base model cannot read these conversations: {error}. Change the rows, or choose another base model.",
                param="training_file",
            ) from error

    def _joined(self, turns: Sequence[_Turn]) -> TokenSequence | None:
        """All turns in one sequence; ``None`` if what stands before an answer changes with what follows."""
        found, text = _NOTHING, ""
        for turn in turns:
            if not turn.before.startswith(text):
                return None
            found = _behind(found, self._ids(turn.before[len(text) :]), *self._answer(turn))
            text = turn.before + turn.answer
        return replace(found, size=sum(len(turn.answer.encode()) for turn in turns))

    def _cut(self, turn: _Turn) -> TokenSequence:
        """One answer; where it is too long its end is left out, and of what stands before it the beginning."""
        answer, learned = self._answer(turn)
        answer = answer[: self._max_length - 1]
        before = self._ids(turn.before)
        before = before[max(0, len(before) + len(answer) - self._max_length) :]
        return replace(_behind(_NOTHING, before, answer, learned), size=len(turn.answer.encode()))

    def _answer(self, turn: _Turn) -> tuple[list[int], int]:
        """The tokens of an answer, and how many of them the model should write: up to the one that ends it."""
        tokens = self._ids(turn.answer)
        ends = [place for place, token in enumerate(tokens) if token in self._wording.end]
        if not ends:
            return [*tokens, self._wording.end[0]], len(tokens) + 1
        return tokens, ends[-1] + 1

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)


_NOTHING = TokenSequence((), (), 0, (0,))


def _behind(found: TokenSequence, before: Sequence[int], answer: Sequence[int], learned: int) -> TokenSequence:
    """The sequence with a turn behind it, of whose answer so many tokens are learned."""
    begin = len(found.ids) + len(before)
    places = range(max(begin, 1), begin + min(learned, len(answer)))
    ids = (*found.ids, *before, *answer)
    return replace(found, ids=ids, learned=(*found.learned, *places), lengths=(len(ids),))
