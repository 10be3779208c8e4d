"""Dialogues that a new model must hold with the bot in service before it is promoted by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from services.training.jobs.context import AttemptContext
from services.training.reporting.gate import DialogueVerdict
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import file_key
from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.bot.document import MAX_BYTES
from shared.contracts.training.jobs import Promotion
from shared.dialogue.knowledge import KnowledgeIndex
from shared.dialogue.trial.dialogue_file import DialogueFile, read_dialogues
from shared.dialogue.trial.report import TrialReport
from shared.dialogue.trial.run import hold
from shared.dialogue.turn_texts import Asked, Read
from shared.errors import InvalidFile, NotFound, TrainingFailed
from shared.inference.reader import TextReader
from shared.storage.chat import bots

_PARAM = "promotion.dialogues"


def find_dialogues(promotion: Promotion, context: AttemptContext) -> DialogueFile | None:
    """The dialogue file that a job names, read before anything is trained; ``None`` if it names none.

    Raises:
        TrainingFailed: It is gone or faulty.
    """
    file_id = promotion.dialogues
    if file_id is None:
        return None
    try:
        with context.store.open(file_key(file_id)) as stream:
            return read_dialogues(stream.read(MAX_BYTES))
    except NotFound:
        raise TrainingFailed(f"The file {file_id} has been deleted. Upload it again.", param=_PARAM) from None
    except InvalidFile as error:
        raise TrainingFailed(f"{file_id}: {error.message}", param=_PARAM) from error


def hold_dialogues(file: DialogueFile, required: float, bundle: Bundle, context: AttemptContext) -> DialogueVerdict:
    """Hold the dialogues of a file with the bot in service, read by a model.

    Args:
        file: What is said and expected.
        required: Share of the turns that must be right, 0..1.
        bundle: The model.
        context: Where the bot is found.

    Raises:
        TrainingFailed: No bot is in service.
    """
    bot = _bot_in_service(context)
    today = datetime.fromtimestamp(context.lease.clock(), UTC).astimezone(ZoneInfo(bot.settings.timezone)).date()
    reader = TextReader.from_bundle(bundle, threads=context.threads)
    try:
        report = hold_by(reader, file, bot, today)
    finally:
        reader.close()
    wrong = tuple((turn.dialogue, turn.turn) for turn in report.wrong)
    return DialogueVerdict(turns=report.turns, required=required, wrong=wrong)


def hold_by(reader: TextReader, file: DialogueFile, bot: Bot, today: date) -> TrialReport:
    """What comes of the dialogues of a file with a bot for which this model reads."""

    def read(asked: Sequence[Asked]) -> list[Read]:
        readings = reader.read([text for text, _ in asked], [context for _, context in asked])
        return [(reading.understanding, reading.embedding) for reading in readings]

    return hold(file, bot, KnowledgeIndex(bot.knowledge, reader), read, today)


def _bot_in_service(context: AttemptContext) -> Bot:
    row = context.lease.read(bots.active)
    if row is None:
        raise TrainingFailed("No bot file is in service to hold the dialogues with; apply one.", param=_PARAM)
    return read_bot(row.source)
