"""A model that is no more than labels with a few examples, told by how near a text is to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shared.contracts.message import Value

LabelName = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True)]

#: Examples of one label; who has more should train a model.
MAX_EXAMPLES = 20


class FewShotLabel(Value):
    """A label, and what is known of it.

    Attributes:
        name: Itself a description, where there is nothing else.
        description: What texts with it are about.
        examples: Some of them.
    """

    name: LabelName
    description: ShortText | None = None
    examples: Annotated[tuple[ShortText, ...], Field(max_length=MAX_EXAMPLES)] = ()


def _different(labels: tuple[FewShotLabel, ...]) -> tuple[FewShotLabel, ...]:
    names = [label.name for label in labels]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"label {twice!r} is there twice; keep one")
    return labels


FewShotLabels = Annotated[tuple[FewShotLabel, ...], Field(min_length=2, max_length=200), AfterValidator(_different)]
"""Two labels at least, each once."""


class FewShot(Value):
    """What such a model consists of.

    Attributes:
        labels: Two at least.
        embedder: Id of the model whose embeddings tell what is near.
    """

    labels: FewShotLabels
    embedder: str
