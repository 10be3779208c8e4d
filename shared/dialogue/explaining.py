"""Which rule decided a turn, and why those before it did not. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.chat.explanations import RuleJudgement
from shared.dialogue import answers, flows, guarding, handover, judging, languages, offers, pictures, topics
from shared.dialogue.policy import RULES, Decision, Rule, fall_back
from shared.dialogue.several import several

JUDGES: Mapping[Rule, tuple[str, judging.Judge]] = {
    flows.resumed: ("bot_called_back", judging.resumed),
    handover.silent: ("with_a_person", judging.silent),
    guarding.cared_for: ("self_harm", judging.cared_for),
    guarding.refused: ("guard", judging.refused),
    handover.requested: ("person_requested", judging.requested),
    handover.angry: ("anger", judging.angry),
    handover.surging: ("surge", judging.surging),
    offers.picked: ("item_picked", judging.picked),
    offers.others: ("other_items", judging.others),
    pictures.confirmed: ("picture_confirmed", judging.confirmed),
    flows.go_on: ("flow_goes_on", judging.goes_on),
    topics.asked_on: ("follow_up", judging.asked_on),
    several: ("several_wishes", judging.several),
    languages.other_language: ("other_language", judging.other_language),
    offers.begin: ("items_offered", judging.begin),
    answers.serve: ("intent", judging.serve),
    answers.look_up: ("knowledge", judging.look_up),
    topics.value_told: ("bare_value", judging.value_told),
    flows.missed: ("flow_asks_again", judging.missed),
    fall_back: ("fallback", judging.fell_back),
}
"""The name of each rule, and who tells its reasons."""


def decided(decision: Decision) -> RuleJudgement:
    """The rule that decided."""
    return _judged(decision, decision.rule, has_decided=True)


def passed_over(decision: Decision) -> tuple[RuleJudgement, ...]:
    """The rules before it, with why each was passed over."""
    before = RULES[: RULES.index(decision.rule)]
    return tuple(_judged(decision, rule, has_decided=False) for rule in before)


def not_reached(decision: Decision) -> tuple[str, ...]:
    """The names of the rules behind it."""
    return tuple(JUDGES[rule][0] for rule in RULES[RULES.index(decision.rule) + 1 :])


def _judged(decision: Decision, rule: Rule, *, has_decided: bool) -> RuleJudgement:
    name, judge = JUDGES[rule]
    reason = judge(decision.turn, decision.before, has_decided)
    return RuleJudgement(rule=name, reason=reason.text, score=reason.score, threshold=reason.threshold)
