"""``/v1/bots``: the bot file and its versions."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from fastapi import HTTPException, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from services.gateway.bots.references import check_references
from services.gateway.bots.schemas import (
    BotObject,
    BotSource,
    BotSummary,
    BotTest,
    BotVerdict,
    TryBot,
    WrongTurnObject,
)
from services.gateway.bots.trials import hold, require_few_turns
from services.gateway.http.access.auth import AdminCaller, TrainCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies.json_body import is_json, parse_json
from services.gateway.http.bodies.schemas import Body, Listing
from services.gateway.http.bodies.validation import describe
from services.gateway.http.router import resource
from services.gateway.state import AppState, State
from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.contracts.releases import BotPublished
from shared.dialogue.trial.dialogue_file import read_dialogues
from shared.errors import InvalidInput, NotFound
from shared.storage.chat import bots
from shared.storage.tables.core import BotVersion

router = resource("Bots")

_YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")

BodyT = TypeVar("BodyT", bound=Body)


def _body(schema: type[Body]) -> dict[str, Any]:
    """What OpenAPI says of a body that may be a YAML file or an object that holds it."""
    content = {
        "application/yaml": {"schema": {"type": "string"}},
        "application/json": {"schema": schema.model_json_schema()},
    }
    return {"requestBody": {"required": True, "content": content}}


async def _read(request: Request, schema: type[BodyT], field: str) -> BodyT:
    """A YAML file as the body itself, or as ``field`` of a JSON object."""
    body, kind = await request.body(), request.headers.get("content-type", "")
    if is_json(kind):
        return _validated(schema, parse_json(body))
    if kind.partition(";")[0].strip().lower() not in _YAML:
        raise HTTPException(415, f'Send the file as \'application/yaml\', or as JSON: {{"{field}": "…"}}.')
    try:
        return _validated(schema, {field: body.decode("utf-8")})
    except UnicodeDecodeError:
        raise InvalidInput("The file is not UTF-8; save it in that encoding.", param=field) from None


def _validated(schema: type[BodyT], document: object) -> BodyT:
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        problems = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
        raise describe(problems, document) from None


@router.post("/bots", openapi_extra=_body(BotSource))
async def apply(request: Request, state: State, caller: AdminCaller) -> BotObject:
    """Put a bot file into service. What is in service already stays the version it is."""
    body = await _read(request, BotSource, "source")
    return await run_in_threadpool(_apply, state, caller, body.source)


@router.post("/bots/validate", openapi_extra=_body(BotSource))
async def validate(request: Request, state: State, _caller: TrainCaller) -> BotVerdict:
    """Check a bot file without putting it into service; all faults are listed in the error's `faults`."""
    body = await _read(request, BotSource, "source")
    bot = await run_in_threadpool(_checked, state, body.source)
    return BotVerdict(name=bot.name, flows=len(bot.flows), answers=len(bot.answers), knowledge=len(bot.knowledge))


@router.post("/bots/test", openapi_extra=_body(TryBot))
async def try_out(request: Request, state: State, _caller: TrainCaller) -> BotTest:
    """Hold dialogues with a bot and a model, and tell which turns are not answered as expected. Nothing is stored."""
    body = await _read(request, TryBot, "dialogues")
    file = await run_in_threadpool(read_dialogues, body.dialogues)
    require_few_turns(file, "dialogues")
    bot = await run_in_threadpool(_bot_to_test, state, body.bot)
    today = datetime.fromtimestamp(state.clock(), ZoneInfo(bot.settings.timezone)).date()
    report, model = await hold(state.texts, file, bot, body.model, today)
    return BotTest(
        model=model,
        dialogues=report.dialogues,
        dialogues_right=report.dialogues_right,
        turns=report.turns,
        turns_right=report.turns_right,
        accuracy=report.accuracy,
        wrong=[WrongTurnObject(**asdict(turn) | {"misses": list(turn.misses)}) for turn in report.wrong],
    )


def _bot_to_test(state: AppState, source: str | None) -> Bot:
    if source is not None:
        return read_bot(source)
    with state.database.reading() as session:
        row = bots.active(session)
    if row is None:
        raise NotFound("No bot file has been applied yet; send one in 'bot', or to POST /v1/bots.", code="no_bot")
    return read_bot(row.source)


@router.get("/bots")
def list_bots(state: State, _caller: TrainCaller) -> Listing[BotSummary]:
    """Every version, newest first; the first one is in service."""
    with state.database.reading() as session:
        stored = bots.all(session)
    return Listing[BotSummary].of([BotSummary(**_facts(row, active=row is stored[0])) for row in stored])


@router.get("/bots/active")
def active(state: State, _caller: TrainCaller) -> BotObject:
    """The bot file in service."""
    with state.database.reading() as session:
        row = bots.active(session)
    if row is None:
        raise NotFound("No bot file has been applied yet; send one to POST /v1/bots.", code="no_bot")
    return _bot(row)


@router.get("/bots/{version}")
def retrieve(version: Annotated[int, Path(ge=1, lt=2**31)], state: State, _caller: TrainCaller) -> BotObject:
    """One version with its source; apply that source again to go back to it."""
    with state.database.reading() as session:
        row, newest = bots.get(session, version), bots.active(session)
    return BotObject(**_facts(row, active=newest is not None and newest.version == row.version), source=row.source)


def _checked(state: AppState, source: str) -> Bot:
    bot = read_bot(source)
    with state.database.reading() as session:
        check_references(session, bot, source, state.settings.engines)
    return bot


def _apply(state: AppState, caller: Caller, source: str) -> BotObject:
    _checked(state, source)
    with state.database.transaction() as session:
        row = bots.add(session, source, caller.key_id, state.clock())
    state.releases.publish(BotPublished(version=_number(row)))
    return _bot(row)


def _bot(row: BotVersion) -> BotObject:
    return BotObject(**_facts(row, active=True), source=row.source)


def _facts(row: BotVersion, *, active: bool) -> dict[str, Any]:
    return {
        "id": str(_number(row)),
        "version": _number(row),
        "created_at": int(row.created_at),
        "active": active,
        "sha256": row.sha256,
        "actor": row.actor,
    }


def _number(row: BotVersion) -> int:
    assert row.version is not None  # noqa: S101  # given by the database when the row was stored
    return row.version
