"""``POST /v1/analyze``."""

from __future__ import annotations

from hashlib import blake2b

from fastapi.concurrency import run_in_threadpool

from services.gateway.analysis.client import ReadTexts
from services.gateway.analysis.schemas import Analysis, AnalyzeRequest, ReadText, TokenUsage
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.router import resource
from services.gateway.state import AppState, State
from shared.contracts.chat.understanding import Understanding
from shared.contracts.monitoring.sentiment import Observation, SentimentObserved
from shared.errors import InvalidInput
from shared.messaging.envelope import envelope
from shared.storage.database.identity import new_id
from shared.storage.training.model_names import is_deployment, model_named
from shared.text.normalisation import folded

router = resource("Analyze")

#: Seconds that a caller's clock may be ahead of ours; such a text is counted as of now.
CLOCK_TOLERANCE = 300.0
#: Characters from which two equal texts are one that was passed on.
PASSED_ON = 20


@router.post("/analyze")
async def create(body: AnalyzeRequest, state: State, _caller: ChatCaller) -> Analysis:
    """Read texts: intent, entities, sentiment and language of each.

    With `stream` they are also counted on that sentiment stream, which is certain once the answer is there.
    """
    _refuse_future(body, state.clock())
    model = await run_in_threadpool(_behind, state, body.model) if is_deployment(body.model) else body.model
    read = await state.texts.read(body.texts, body.context, model=model)
    ids: list[str] | list[None] = [None] * len(body.texts)
    if body.stream is not None:
        ids = body.ids or [new_id("doc_") for _ in body.texts]
        observed = SentimentObserved(observations=_observations(body, body.stream, ids, read, state.clock()))
        await run_in_threadpool(_publish, state, observed)
    return Analysis(
        model=read.model,
        data=[_text(index, id_, read.understandings[index]) for index, id_ in enumerate(ids)],
        stream=body.stream,
        usage=TokenUsage(prompt_tokens=read.tokens, total_tokens=read.tokens),
    )


def _behind(state: AppState, name: str) -> str:
    """The model that a deployment serves now."""
    with state.database.reading() as session:
        return model_named(session, name)


def _publish(state: AppState, observed: SentimentObserved) -> None:
    state.publisher.publish([envelope(observed)])


def _observations(
    body: AnalyzeRequest, stream: str, ids: list[str], read: ReadTexts, now: float
) -> tuple[Observation, ...]:
    times = [min(at, now) for at in body.timestamps or [now] * len(ids)]
    return tuple(
        _observation(stream, id_, text, understanding, at)
        for id_, text, understanding, at in zip(ids, body.texts, read.understandings, times, strict=True)
    )


def _refuse_future(body: AnalyzeRequest, now: float) -> None:
    """A time to come is a mistake of a unit or a clock; counted as now it would be a surge that never was."""
    for place, at in enumerate(body.timestamps or ()):
        if at > now + CLOCK_TOLERANCE:
            raise InvalidInput(
                f"Invalid 'timestamps[{place}]': {at:.0f} lies {at - now:.0f} seconds ahead; give Unix seconds (not milliseconds) at which "
                "the text was written, or leave it out for now.",
                param=f"timestamps[{place}]",
            )


def _voice(text: str) -> str:
    """A hash of a text that is long enough to be somebody's words passed on; a short one may be said by many."""
    words = folded(text)
    if len(words) < PASSED_ON:
        return ""
    return blake2b(words.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _observation(stream: str, id_: str, text: str, understanding: Understanding, at: float) -> Observation:
    if understanding.sentiment is None:
        raise InvalidInput(
            f"The model {understanding.model} tells no sentiment; nothing can be counted.", param="stream"
        )
    intent = understanding.intent.name if understanding.intent else ""
    return Observation(
        id=id_,
        stream=stream,
        intent=intent,
        sentiment=understanding.sentiment.label,
        occurred_at=at,
        voice=_voice(text),
    )


def _text(index: int, id_: str | None, understanding: Understanding) -> ReadText:
    return ReadText(
        index=index,
        model=understanding.model,
        id=id_,
        intent=understanding.intent,
        ranking=understanding.ranking,
        entities=understanding.entities,
        sentiment=understanding.sentiment,
        language=understanding.language,
        truncated=understanding.truncated,
    )
