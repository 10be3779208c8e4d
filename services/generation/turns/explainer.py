"""Decides a stored turn once more, and says which rule did and why the others did not. Nothing is written, remembered or searched anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from services.generation.past_bots import PastBots
from services.generation.turns.writer import decision_of
from shared.contracts.chat.explanations import ExplainDecision, RuleJudgement, TurnExplained
from shared.contracts.chat.turns import TurnUnanswered
from shared.dialogue.explaining import decided, not_reached, passed_over
from shared.errors import Unavailable
from shared.messaging.consuming.handlers import Emitter

#: Of answers that the policy leaves to somebody else, what that was.
_WRITTEN = {"grounded": "a document answers", "generated": "a language model answers"}


class TurnExplainer:
    """A stream handler, so that chats never wait for the bot and the knowledge of an old turn to be loaded.

    Args:
        bots: The bots of every turn.
        threads: Explanations at once; more wait.
    """

    def __init__(self, bots: PastBots, threads: int = 2) -> None:
        self._bots = bots
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="turn-explainer")

    def explain(self, message: ExplainDecision, emitter: Emitter) -> None:
        """A ``StreamHandler``: returns at once."""
        try:
            self._pool.submit(self._explain, message, emitter)
        except RuntimeError:
            raise Unavailable("the service is shutting down; ask again") from None

    def close(self) -> None:
        """Explanations that wait fail, those under way go on to their end."""
        self._pool.shutdown(cancel_futures=True)

    def _explain(self, message: ExplainDecision, emitter: Emitter) -> None:
        try:
            emitter.finish(self._explained(message))
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller is told
            emitter.fail(error)

    def _explained(self, message: ExplainDecision) -> TurnExplained:
        active = self._bots.of(message.bot_version)
        decision = decision_of(self._bots, active, TurnUnanswered(understood=message.understood))
        rule, before = decided(decision), passed_over(decision)
        written = _WRITTEN.get(message.answered_by)
        if written is not None:
            before = (*before, rule)
            rule = RuleJudgement(rule=message.answered_by, reason="; ".join((written, *message.reasons)))
        return TurnExplained(
            reading=message.reading,
            decided=rule,
            passed_over=before,
            not_reached=not_reached(decision),
            answer="" if written is not None else decision.answer.text,
        )
