"""What a bot may say that nobody has written: answers out of documents, and free chat."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.bot.parts import Part, Phrase, Text

Share = Annotated[float, Field(ge=0, le=1)]
StoreId = Annotated[str, StringConstraints(pattern=r"^vs_[A-Za-z0-9]{1,64}$")]
ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]


class Example(Part):
    """A question, and how it should be answered."""

    question: Phrase
    answer: Text


class Writer(Part):
    """How a language model is asked.

    Attributes:
        prompt: What it is told first; without it a sentence of ours.
        max_tokens: That an answer may have.
        temperature: How freely it chooses its words; 0: always the likeliest.
        history_tokens: Of the conversation before, that go along; what falls out is summed up.
        examples: Of which the two likest to the question go along.
    """

    prompt: Text | None = None
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 300
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.2
    history_tokens: Annotated[int, Field(ge=0, le=8192)] = 500
    examples: Annotated[tuple[Example, ...], Field(max_length=200)] = ()


class Grounding(Writer):
    """Answers out of documents, with what they rest on.

    Attributes:
        model: A language model (an id, ``parley/NAME``, an engine); without one the passage itself is quoted.
        vector_stores: Where the documents are.
        passages: Shown to the model at most.
        min_support: How sure one must be that they carry an answer (0..1); below it nobody is asked.
        min_faithful: Share of a sentence's words that must stand in them; the first sentence with less ends the answer.
    """

    model: ModelName | None = None
    vector_stores: Annotated[tuple[StoreId, ...], Field(min_length=1, max_length=8)]
    passages: Annotated[int, Field(ge=1, le=20)] = 5
    min_support: Share = 0.5
    min_faithful: Share = 0.5


class FreeChat(Writer):
    """Whatever a model says to what nothing else answers."""

    model: ModelName
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7
