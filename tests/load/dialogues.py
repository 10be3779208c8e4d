"""``python -m tests.load.dialogues BUNDLE``: the starter's dialogues, held with a model; both halves apart."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from shared import starter
from shared.artifacts.bundle import Bundle
from shared.bot.bot_file import read_bot
from shared.dialogue.knowledge import KnowledgeIndex
from shared.dialogue.trial.dialogue_file import read_dialogues
from shared.dialogue.trial.run import hold
from shared.dialogue.turn_texts import Asked, Read
from shared.inference.reader import TextReader


def main() -> None:
    """Hold them, and print how many turns are right, with those that are not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    reader = TextReader.from_bundle(Bundle.open(parser.parse_args().bundle))
    bot = read_bot(starter.bot().read_text(encoding="utf-8"))
    index = KnowledgeIndex(bot.knowledge, reader)

    def read(asked: Sequence[Asked]) -> list[Read]:
        readings = reader.read([text for text, _ in asked], [context for _, context in asked])
        return [(reading.understanding, reading.embedding) for reading in readings]

    for name, path in starter.dialogues().items():
        report = hold(read_dialogues(path.read_text(encoding="utf-8")), bot, index, read, date(2026, 11, 27))
        if name == "tuning":
            for turn in report.wrong:
                print(f"  {turn.dialogue}, turn {turn.turn}: {turn.user!r}: {'; '.join(turn.misses)}")
        print(
            f"{name}: {report.turns_right} of {report.turns} turns right ({report.accuracy:.1%}), "
            f"{report.dialogues_right} of {report.dialogues} dialogues"
        )


if __name__ == "__main__":
    main()
