"""Pairs added to the text of a bot file."""

from __future__ import annotations

import pytest

from shared.bot.additions import Addition, with_additions
from shared.bot.bot_file import read_bot
from shared.errors import InvalidInput

HEAD = """version: 1
name: desk
intents: {hours: {title: Hours}}
answers: {hours: Nine to five.}
handover: {requested: A, anger: B, failures: C}
"""
PAIR = "{id: dogs, question: are dogs allowed, answer: They are., source: House rules}"
TOLD = Addition("new", "and cats?", 'They\u2028too: "yes".', "Ada", "Answered by A\nda: [x")


def test_a_pair_goes_behind_the_others_and_all_else_stays() -> None:
    source = (
        HEAD
        + f"""knowledge:
    # about animals
    - {PAIR}
    - id: birds
      question: and birds
      answer: |
        Birds
        stay outside.
      source: House rules  # page 3

# what is said otherwise
wording: {{cancelled: Stopped.}}
"""
    )
    changed = with_additions(source, [TOLD])
    lines, before = changed.splitlines(), source.splitlines()
    assert [line for line in lines if line in before] == before
    assert lines.index("      source: House rules  # page 3") + 2 == next(
        n for n, line in enumerate(lines) if '"new"' in line
    )
    pairs = read_bot(changed).knowledge
    assert [pair.id for pair in pairs] == ["dogs", "birds", "new"]
    assert pairs[2].answer == 'They too: "yes".'


@pytest.mark.parametrize(
    "source",
    [
        HEAD,
        HEAD.rstrip(),
        HEAD + f"knowledge:\n- {PAIR}",
        HEAD + f"knowledge:\n- {PAIR}\n\n\n",
        HEAD.replace("name: desk", f"knowledge:\n  - {PAIR}\nname: desk"),
        HEAD
        + "knowledge:\n  - id: text\n    question: q\n    source: s\n    answer: >\n      Long\n      words.\n\n# end\n",
        (HEAD + f"knowledge:\n  - {PAIR}\n").replace("\n", "\r\n"),
    ],
    ids=["none", "no-last-line-end", "no-indent", "blank-lines", "not-last", "block-text", "windows"],
)
def test_files_of_every_form_take_pairs(source: str) -> None:
    changed = with_additions(source, [TOLD, Addition("more", "and fish?", "No.", "Bo", "x")])
    assert [pair.id for pair in read_bot(changed).knowledge][-2:] == ["new", "more"]
    assert with_additions(changed, []) == changed


def test_what_would_be_no_bot_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a line for each pair"):
        with_additions(HEAD + f"knowledge: [{PAIR}]\n", [TOLD])
    with pytest.raises(InvalidInput, match=r"knowledge\.1"):
        with_additions(HEAD + f"knowledge:\n  - {PAIR}\n", [Addition("new", "Are dogs allowed", "No.", "Ada", "x")])
