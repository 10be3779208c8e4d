"""``python -m tests.load.dialogues BUNDLE``: the starter's dialogues, held with a model; both halves apart."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from services.training.reporting.dialogues import hold_by
from shared import starter
from shared.artifacts.bundle import Bundle
from shared.bot.bot_file import read_bot
from shared.dialogue.trial.dialogue_file import read_dialogues
from shared.inference.reader import TextReader


def main() -> None:
    """Hold them, and print how many turns are right, with those that are not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    reader = TextReader.from_bundle(Bundle.open(parser.parse_args().bundle))
    bot = read_bot(starter.bot().read_text(encoding="utf-8"))
    for name, path in starter.dialogues().items():
        report = hold_by(reader, read_dialogues(path.read_bytes()), bot, date(2026, 11, 27))
        if name == "tuning":
            for turn in report.wrong:
                print(f"  {turn.dialogue}, turn {turn.turn}: {turn.user!r}: {'; '.join(turn.misses)}")
        print(
            f"{name}: {report.turns_right} of {report.turns} turns right ({report.accuracy:.1%}), "
            f"{report.dialogues_right} of {report.dialogues} dialogues"
        )


if __name__ == "__main__":
    main()
