"""A bot tried by dialogues: nlu reads, the policy answers here; nothing is stored."""

from __future__ import annotations

from datetime import date

from fastapi.concurrency import run_in_threadpool

from services.gateway.analysis.client import Texts
from shared.bot.bot import Bot
from shared.dialogue.knowledge import KnowledgeIndex, wordings
from shared.dialogue.trial.dialogue_file import DialogueFile
from shared.dialogue.trial.report import TrialReport
from shared.dialogue.trial.run import asked_of, begin, go_on, report_of
from shared.errors import InvalidInput

#: Turns of one request: some seconds of a model's time.
MAX_TURNS = 2_000


def require_few_turns(file: DialogueFile, param: str) -> None:
    """Refuse a file that would take too long.

    Raises:
        InvalidInput: It has more turns than one request may ask for.
    """
    if file.turns > MAX_TURNS:
        raise InvalidInput(f"{file.turns} turns; send {MAX_TURNS} at once at most", param=param)


async def hold(texts: Texts, file: DialogueFile, bot: Bot, model: str | None, today: date) -> tuple[TrialReport, str]:
    """Hold all dialogues side by side; the report, and the id of the model that read.

    Raises:
        NotFound: There is no such model.
        NoModel: None was named and none is in production.
        Unavailable: nlu does not answer.
    """
    known = wordings(bot.knowledge) or ["hello"]
    embedded = await texts.read(known, model=model, with_embeddings=True)
    named = embedded.model  # a promotion meanwhile must not mix two models
    index = KnowledgeIndex.of(bot.knowledge, embedded.vectors)
    conversations = begin(file, bot, index, today)
    while live := [conversation for conversation in conversations if not conversation.is_over]:
        asked = asked_of(live)
        texts_read = await texts.read(
            [text for text, _ in asked], [context for _, context in asked], model=named, with_embeddings=True
        )
        read = list(zip(texts_read.understandings, texts_read.vectors, strict=True))
        await run_in_threadpool(go_on, live, read)
    return report_of(file, conversations), named
