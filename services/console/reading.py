"""What a model read in a text, and why it was answered so."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json
from services.console.visit import Visit

_RANKING = 5


def decision(visit: Visit, parley: Json) -> None:
    """A turn's details: what was understood, and which part of the policy answered."""
    facts = [
        (visit.say("Answered by"), parley.get("answer_kind")),
        (visit.say("Handed over because of"), parley.get("handover")),
    ]
    for title, value in facts:
        if value:
            ui.label(f"{title}: {visit.say(str(value))}")
    understanding(visit, parley)
    for citation in parley.get("citations") or []:
        ui.label(f"[{citation['id']}] {citation['question']} · {citation['source']} · {citation['score']:.2f}")


def understanding(visit: Visit, reading: Json) -> None:
    """Intent, entities and sentiment, with how sure the model is."""
    intent, sentiment = reading.get("intent"), reading.get("sentiment")
    with ui.row():
        if intent:
            ui.chip(f"{visit.say('Intent')}: {intent['name']} {intent['confidence']:.0%}").props("dense outline")
        elif "intent" in reading:
            ui.chip(visit.say("out of scope")).props("dense outline")
        if sentiment:
            ui.chip(f"{visit.say(sentiment['label'].capitalize())} {sentiment['confidence']:.0%}").props(
                "dense outline"
            )
        for entity in reading.get("entities") or []:
            ui.chip(f"{entity['label']}: {entity['text']}").props("dense outline")
        if reading.get("language"):
            ui.chip(f"{visit.say('Language')}: {reading['language']}").props("dense outline")
    for place in (reading.get("ranking") or [])[:_RANKING]:
        share = place["confidence"]
        with ui.row().classes("full-width items-center no-wrap"):
            ui.label(place["name"]).style("min-width: 11rem")
            ui.linear_progress(value=round(share, 3), show_value=False).classes("col-grow").props(
                f'aria-label="{place["name"]} {share:.0%}"'
            )
            ui.label(f"{share:.1%}")
