from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.generation.documents.chunking import chunked
from services.generation.documents.document import Document
from shared.contracts.knowledge.passages import Chunking
from shared.text.tokens import count_tokens

SMALL = Chunking(max_tokens=100, overlap=20)


def test_a_short_text_is_one_chunk() -> None:
    assert [chunk.text for chunk in chunked(Document("Two words. And more."), SMALL)] == ["Two words. And more."]


def test_sentences_stay_whole_and_the_last_ones_are_said_again() -> None:
    sentences = [f"Sentence number {number} says this." for number in range(60)]
    chunks = chunked(Document(" ".join(sentences)), SMALL)
    assert all(re.fullmatch(r"(Sentence number \d+ says this\.\s?)+", chunk.text) for chunk in chunks)
    for former, latter in pairwise(chunks):
        assert former.text.endswith(latter.text.split(". ")[0] + ". " + latter.text.split(". ")[1] + ".")


def test_chinese_is_cut_at_its_full_stops() -> None:
    chunks = chunked(Document("退货需要七天。" * 40), SMALL)
    assert len(chunks) > 2
    assert all(chunk.text.endswith("。") and count_tokens(chunk.text) <= 100 for chunk in chunks)


def test_nothing_goes_across_a_break() -> None:
    document = Document.of_records(["one answer", "another answer", "a third"])
    assert [chunk.text for chunk in chunked(document, SMALL)] == ["one answer", "another answer", "a third"]


@settings(deadline=None, max_examples=60)
@given(
    st.text(st.sampled_from("ab 中文。.!\n\u00e9,"), max_size=2_000),
    st.integers(100, 150),
    st.integers(0, 50),
)
def test_every_word_is_in_a_chunk_and_no_chunk_is_too_long(text: str, size: int, overlap: int) -> None:
    chunks = chunked(Document(text), Chunking(max_tokens=size, overlap=overlap))
    covered = set[int]()
    for chunk in chunks:
        assert text[chunk.start : chunk.start + len(chunk.text)] == chunk.text
        assert count_tokens(chunk.text) <= size
        covered.update(range(chunk.start, chunk.start + len(chunk.text)))
    assert all(place in covered for place, sign in enumerate(text) if not sign.isspace())
    assert [chunk.start for chunk in chunks] == sorted({chunk.start for chunk in chunks})
