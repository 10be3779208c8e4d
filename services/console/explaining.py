"""Why a turn was answered so, on demand: the rules, the words, the training rows."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json, segment
from services.console.frame import attempt
from services.console.visit import Visit

#: Below it, a word did nothing worth a colour.
_NOTICEABLE = 0.02


def explain_button(visit: Visit, conversation_id: str, turn_id: str) -> None:
    """A button that asks for the explanation and shows it in its place."""
    place = ui.column().classes("full-width")

    async def explain() -> None:
        path = f"/v1/conversations/{segment(conversation_id)}/turns/{segment(turn_id)}/explanation"
        told = await attempt(visit, visit.api.get(path, lang=visit.language))
        if told is not None:
            place.clear()
            with place:
                explanation(visit, told)

    with place:
        ui.button(visit.say("Explain"), icon="psychology", on_click=explain).props("flat dense")


def explanation(visit: Visit, told: Json) -> None:
    """What the platform says."""
    _rules(visit, told)
    for title, effect in ((told["intent"], "intent"), (told["sentiment"], "sentiment")):
        if title is not None:
            ui.label(f"{visit.say(effect.capitalize())}: {title['name']} {title['confidence']:.0%}")
            _words(told["words"], effect)
    if told["nearest"]:
        ui.label(visit.say("Nearest training rows")).classes("text-weight-medium")
    for row in told["nearest"]:
        by = f" · {row['labelled_by']}" if row["labelled_by"] else ""
        ui.label(f"{row['similarity']:.2f}  {row['text']}  → {row['intent']}{by}")
    if not told["repeatable"]:
        ui.label(visit.say("Decided again, it would be answered otherwise.")).classes("text-warning")
    ui.label(f"{told['model']} · {visit.say('Bot')} {told['bot_version']}").classes("text-caption")


def _rules(visit: Visit, told: Json) -> None:
    _rule(told["decided"], "text-weight-medium", visit.say("Decided by"))
    with ui.expansion(f"{visit.say('Passed over')} ({len(told['passed_over'])})").props("dense").classes("full-width"):
        for rule in told["passed_over"]:
            _rule(rule, "text-caption")


def _rule(rule: Json, classes: str, title: str = "") -> None:
    measured = f" ({rule['score']:.2f} / {rule['threshold']:.2f})" if rule["threshold"] is not None else ""
    ui.label(f"{title} {rule['rule']}: {rule['reason']}{measured}".strip()).classes(classes)


def _words(words: list[Json], effect: str) -> None:
    """Each word, those that spoke for the reading in green, those against it in red; the number says it too."""
    strongest = max((abs(word[effect] or 0.0) for word in words), default=0.0)
    with ui.row().classes("items-center").style("gap: .25rem"):
        for word in words:
            did = word[effect] or 0.0
            moved = abs(did) > _NOTICEABLE
            shade = 0.1 + 0.4 * abs(did) / strongest if moved else 0.0
            colour = f"rgba({'38,166,154' if did > 0 else '229,57,53'},{shade:.2f})"
            with ui.label(f"{word['text']} {did:+.2f}" if moved else word["text"]).style(
                f"background:{colour};padding:0 .3rem;border-radius:.3rem"
            ):
                ui.tooltip(f"{did:+.3f}")
