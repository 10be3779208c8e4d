from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.decoding.stopping import StopTexts


def shown(parts: Sequence[str], stops: Sequence[str]) -> list[str]:
    """What is shown after each part, and at the end."""
    checker, seen, found = StopTexts(stops), "", list[str]()
    for part in parts:
        seen += checker.add(part)
        found.append(seen)
        if checker.found:
            return found
    return [*found, seen + checker.rest()]


def reference(text: str, stops: Sequence[str]) -> str:
    """Letter by letter: it ends where one is complete, without the longest that is."""
    for end in range(len(text) + 1):
        complete = [stop for stop in stops if text[:end].endswith(stop)]
        if complete:
            return text[: end - max(map(len, complete))]
    return text


LETTERS = st.text(alphabet="ab好", max_size=6)


@settings(deadline=None)
@given(st.lists(LETTERS, max_size=12), st.lists(st.text(alphabet="ab好", min_size=1, max_size=4), max_size=4))
def test_a_text_ends_where_a_stop_text_is_complete_however_it_is_cut(parts: list[str], stops: list[str]) -> None:
    expected = reference("".join(parts), stops)
    steps = shown(parts, stops)
    assert steps[-1] == expected
    assert all(expected.startswith(step) for step in steps), "what was shown is never taken back"


def test_the_beginning_of_a_stop_text_is_withheld_until_it_is_none() -> None:
    checker = StopTexts(["END"])
    assert [checker.add(part) for part in ("ab", "cE", "N", "x", "E")] == ["ab", "c", "", "ENx", ""]
    assert checker.rest() == "E"


def test_a_stop_text_across_tokens_is_found() -> None:
    checker = StopTexts(["\nUser:"])
    assert [checker.add(part) for part in ("hi\n", "Us", "er", ": me")] == ["hi", "", "", ""]
    assert checker.found
