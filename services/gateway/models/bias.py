"""Has a model answer swapped rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fastapi.concurrency import run_in_threadpool

from services.gateway.analysis.client import Texts
from services.gateway.models.predictions import Predictions
from shared.bias.answered import TASKS, labelled, swapped, told, understood
from shared.bias.report import Answered, Difference
from shared.bot.bot import Bot
from shared.dialogue.knowledge import KnowledgeIndex, wordings
from shared.dialogue.trial.first_answers import beginning, understood_and_answered
from shared.dialogue.turn_texts import Read, TurnTexts
from shared.errors import InvalidInput
from shared.storage.tables.core import Model

#: Texts of one message to a model.
_AT_ONCE = 64


async def bias_of(
    model: Model, rows: Sequence[str], texts: Texts, predictions: Predictions, *, bot: Bot | None, today: date
) -> list[Difference]:
    """How a model answers the rows when who says them changes, and which part of a bot's policy does.

    Raises:
        InvalidInput: It is of a task that tells neither an intent nor a label.
        ParleyError: It does not answer.
    """
    if model.task not in TASKS:
        raise InvalidInput(
            f"{model.id} is a model of {model.task!r}; bias is told of 'nlu' and 'text_classification'.",
            param="model_id",
        )
    found, asked = swapped(rows)
    if model.task != "nlu":
        answers = await _predicted(model.id, asked, predictions)
    elif bot is None:
        answers = await _read(model.id, asked, texts)
    else:
        answers = await _answered(model.id, asked, texts, bot, today)
    said = dict(zip(asked, answers, strict=True))
    return await run_in_threadpool(told, found, said.__getitem__)


async def _predicted(model_id: str, asked: Sequence[str], predictions: Predictions) -> list[Answered]:
    answers: list[Answered] = []
    for start in range(0, len(asked), _AT_ONCE):
        predicted = await predictions.ask(model_id, [{"text": text} for text in asked[start : start + _AT_ONCE]])
        answers += [labelled(one) for one in predicted.answers]
    return answers


async def _read(model_id: str, asked: Sequence[str], texts: Texts) -> list[Answered]:
    answers: list[Answered] = []
    for start in range(0, len(asked), _AT_ONCE):
        read = await texts.read(asked[start : start + _AT_ONCE], model=model_id)
        answers += [understood(one) for one in read.understandings]
    return answers


async def _answered(model_id: str, asked: Sequence[str], texts: Texts, bot: Bot, today: date) -> list[Answered]:
    known = await texts.read(wordings(bot.knowledge) or ["hello"], model=model_id, with_embeddings=True)
    index = KnowledgeIndex.of(bot.knowledge, known.vectors)
    turns = [beginning(text, today) for text in asked]
    wanted = [one for turn in turns for one in turn.asked]
    read: list[Read] = []
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        told_of = await texts.read(
            [text for text, _ in some], [context for _, context in some], model=model_id, with_embeddings=True
        )
        read += zip(told_of.understandings, told_of.vectors, strict=True)
    return await run_in_threadpool(_kinds, turns, read, bot, index, today)


def _kinds(
    turns: Sequence[TurnTexts], read: Sequence[Read], bot: Bot, index: KnowledgeIndex, today: date
) -> list[Answered]:
    return [understood(*one) for one in understood_and_answered(bot, index, turns, read, today)]
