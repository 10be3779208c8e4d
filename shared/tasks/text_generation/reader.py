"""Serves models that answer."""

from __future__ import annotations

from collections.abc import Sequence

from shared.decoding.chat_template import BadTemplate
from shared.decoding.writer import Writer
from shared.errors import InvalidInput
from shared.inference.predictor import Prediction
from shared.tasks.text_generation.message import Message
from shared.tasks.text_generation.record import Input


class AnswerWriter(Writer):
    """Answers conversations, always by the likeliest words."""

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"text"}`` of each conversation.

        Raises:
            InvalidInput: A conversation is longer than the model reads, or its template refuses it.
        """
        prompts = [self.prompt(row.messages) for row in rows]
        for prompt in prompts:
            if len(prompt) >= self.shape.context:
                raise InvalidInput(
                    f"The conversation has {len(prompt)} tokens, and {self.model_id} holds {self.shape.context} with its answer. "
                    "Leave out the oldest messages.",
                    param="input",
                )
        written = self.write(prompts, [row.max_tokens for row in rows])
        return [
            Prediction({"text": one.text.strip()}, len(prompt) + len(one.tokens))
            for prompt, one in zip(prompts, written, strict=True)
        ]

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The tokens of a conversation that waits for an answer."""
        try:
            text = self.template.render([message.as_chat() for message in messages], answering=True)
        except BadTemplate as error:
            raise InvalidInput(f"Invalid 'input': {error}.", param="input") from error
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)
