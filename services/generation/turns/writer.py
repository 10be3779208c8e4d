"""Answers turns that nothing of the bot file answers: grounded generation, then free chat, then what the policy had to say."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from services.generation.bot_registry import ActiveBot, BotRegistry
from services.generation.turns.attempt import Attempt
from services.generation.turns.collecting import Collector, Generate
from shared.bot.writing import Writer
from shared.contracts.chat.generation import ChatMessage, GenerateText, Sampling
from shared.contracts.chat.turns import PastTurn, Source, TurnAnswered, TurnUnanswered
from shared.contracts.knowledge.passages import PassagesFound, SearchPassages
from shared.contracts.knowledge.recommendation import ItemsRecommended, RecommendItems
from shared.dialogue import offers
from shared.dialogue.grounding.citing import cited
from shared.dialogue.grounding.gate import SentenceGate
from shared.dialogue.grounding.history import summary_of, trimmed
from shared.dialogue.grounding.prompting import free_messages, grounded_messages
from shared.dialogue.grounding.quoting import quoted
from shared.dialogue.grounding.support import best_support
from shared.dialogue.knowledge import FloatArray
from shared.dialogue.policy import Decision, consider
from shared.dialogue.searching import searches_of
from shared.dialogue.turn import Match, Outcome
from shared.errors import ParleyError, Unavailable
from shared.messaging.consuming.handlers import Emitter
from shared.telemetry import logs

_log = logs.get(__name__)


class Knows(Protocol):
    """What looks into the knowledge of a bot."""

    def look_up(
        self, active: ActiveBot, model_id: str, embedding: FloatArray, *, beside: str | None = None, text: str = ""
    ) -> Match | None:
        """See ``BotRegistry.look_up``."""


def decision_of(registry: Knows, active: ActiveBot, unanswered: TurnUnanswered) -> Decision:
    """What the policy makes of a turn."""
    message = unanswered.understood
    understanding = message.understanding

    def look_up(vector: FloatArray, beside: str | None, text: str) -> Match | None:
        return registry.look_up(active, understanding.model, vector, beside=beside, text=text)

    today = datetime.fromtimestamp(message.turn.received_at, ZoneInfo(active.bot.settings.timezone)).date()
    return consider(active.bot, message.turn, understanding, search=searches_of(message, look_up), today=today)


def wants_writing(active: ActiveBot, decision: Decision) -> bool:
    """Whether the bot file lets somebody else try: recommendation, documents, or a model."""
    if decision.wish is not None:
        return True
    return decision.unanswered and (active.bot.grounding is not None or active.bot.free_chat is not None)


class TurnWriter:
    """A stream handler of turns.

    Args:
        registry: Has the bot in charge.
        search: Finds passages.
        recommend: Asks recommendation for items.
        generate: Asks a language model.
        resolve: What that calls the model of a name; raises ``ParleyError`` if there is none.
        timeout: Seconds that a model may take.
        threads: Turns at once; more wait.
    """

    def __init__(
        self,
        registry: BotRegistry,
        search: Callable[[SearchPassages], PassagesFound],
        recommend: Callable[[RecommendItems], ItemsRecommended],
        generate: Generate,
        resolve: Callable[[str], str],
        *,
        timeout: float,
        threads: int,
    ) -> None:
        self._registry = registry
        self._search = search
        self._recommend = recommend
        self._generate = generate
        self._resolve = resolve
        self._timeout = timeout
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="turn-writer")

    def write(self, message: TurnUnanswered, emitter: Emitter) -> None:
        """A ``StreamHandler``: returns at once."""
        try:
            self._pool.submit(self._write, message, emitter)
        except RuntimeError:
            raise Unavailable("the service is shutting down; send the message again") from None

    def close(self) -> None:
        """Turns that wait fail, those under way go on to their end."""
        self._pool.shutdown(cancel_futures=True)

    def _write(self, message: TurnUnanswered, emitter: Emitter) -> None:
        try:
            emitter.finish(self._answered(message, emitter))
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller is told
            emitter.fail(error)

    def _answered(self, message: TurnUnanswered, emitter: Emitter) -> TurnAnswered:
        active = self._registry.current()
        decision = decision_of(self._registry, active, message)
        attempt = Attempt(active, decision, message, emitter)
        answer, state = self._outcome(attempt)
        turn = message.understood.turn
        return TurnAnswered(
            turn_id=turn.turn_id,
            conversation_id=turn.conversation_id,
            understanding=message.understood.understanding,
            answer=answer.model_copy(update={"reasons": (*answer.reasons, *attempt.reasons)}),
            state=state,
            bot_version=active.version,
        )

    def _outcome(self, attempt: Attempt) -> Outcome:
        if attempt.decision.wish is not None:
            return self._offered(attempt, attempt.decision.wish)
        return (
            self._written(attempt) if attempt.decision.unanswered else (attempt.decision.answer, attempt.decision.state)
        )

    def _offered(self, attempt: Attempt, wish: RecommendItems) -> Outcome:
        outcome = attempt.decision.answer, attempt.decision.state
        try:
            found = self._recommend(wish)
        except ParleyError as error:
            _log.warning("nothing can be offered", catalog=wish.catalog, reason=error.message)
            attempt.reasons.append(f"recommend: {error.message}")
            return outcome
        attempt.reasons.append(
            f"recommend: {len(found.items)} items of {wish.catalog}, ranked by {found.model or 'no model yet'}"
        )
        return offers.offered(attempt.decision.turn, outcome, found)

    def _written(self, attempt: Attempt) -> Outcome:
        for name, step in (("grounded", self._grounded), ("free chat", self._free)):
            try:
                outcome = step(attempt)
            except ParleyError as error:
                if attempt.said:
                    raise  # what was said cannot be taken back
                _log.warning("step of the policy failed", step=name, reason=error.message)
                attempt.reasons.append(f"{name}: {error.message}")
                continue
            if outcome is not None:
                return outcome
        return attempt.decision.answer, attempt.decision.state

    def _grounded(self, attempt: Attempt) -> Outcome | None:
        how = attempt.active.bot.grounding
        if how is None:
            return None
        found = self._search(
            SearchPassages(vector_store_ids=how.vector_stores, queries=(attempt.question,), limit=how.passages)
        )
        support = best_support(found.passages, judged=found.ranking_model is not None)
        if support < how.min_support:
            attempt.reasons.append(
                f"grounded: the passages support an answer to {support:.2f}, below {how.min_support:.2f}"
            )
            return None
        summary = ""
        attempt.begin(found.passages, how.prompt, borne_out=True)
        if how.model is None:
            attempt.say(quoted(attempt.question, found.passages))
        else:
            history, summary = _history(attempt, how)
            messages = grounded_messages(
                attempt.active.bot, how, attempt.question, found.passages, history=history, summary=summary
            )
            gate = SentenceGate(found.passages, how.min_faithful)
            self._ask(attempt, how, how.model, messages, lambda piece: attempt.say(gate.feed(piece)))
            attempt.say(gate.end())
            if not gate.text:
                attempt.reasons.append(f"grounded: {gate.refused or 'the model said nothing'}")
                return None
        hits = attempt.end()
        attempt.reasons.append(f"grounded: supported to {support:.2f}")
        sources = [
            Source(
                number=one.number,
                file_id=one.passage.file_id,
                filename=one.passage.filename,
                chunk=one.passage.position,
                start=one.start,
                end=one.end,
                quote=one.quote,
                score=one.passage.score,
            )
            for one in cited(attempt.said, found.passages)
        ]
        return _remembering(attempt.outcome("grounded", hits, sources=tuple(sources)), summary)

    def _free(self, attempt: Attempt) -> Outcome | None:
        how = attempt.active.bot.free_chat
        if how is None:
            return None
        history, summary = _history(attempt, how)
        messages = free_messages(attempt.active.bot, how, attempt.asked, history=history, summary=summary)
        attempt.begin((), how.prompt, borne_out=False)
        self._ask(attempt, how, how.model, messages, attempt.say)
        hits = attempt.end()
        if not attempt.said.strip():
            attempt.reasons.append("free chat: the model said nothing")
            return None
        attempt.reasons.append("free chat")
        return _remembering(attempt.outcome("generated", hits), summary)

    def _ask(
        self,
        attempt: Attempt,
        how: Writer,
        model: str,
        messages: tuple[ChatMessage, ...],
        take: Callable[[str], None],
    ) -> None:
        sampling = Sampling(temperature=how.temperature, max_tokens=how.max_tokens)
        collector = Collector(take)
        attempt.emitter.on_cancel(collector.cancel)
        self._generate(GenerateText(model=self._resolve(model), messages=messages, sampling=sampling), collector)
        collector.wait(self._timeout)


def _history(attempt: Attempt, how: Writer) -> tuple[list[PastTurn], str]:
    kept, fallen_out = trimmed(attempt.message.understood.turn.history, how.history_tokens)
    return kept, summary_of(attempt.decision.before.summary, fallen_out)


def _remembering(outcome: Outcome, summary: str) -> Outcome:
    answer, state = outcome
    return (answer, state.model_copy(update={"summary": summary})) if summary else outcome
