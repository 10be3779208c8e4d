"""``/models``: what there is, what serves, and how two compare."""

from __future__ import annotations

from nicegui import ui

from services.console.api import Json, segment
from services.console.frame import attempt, live, nothing, page, page_at
from services.console.visit import Visit
from services.console.visitors import Visitors


def register(visitors: Visitors) -> None:
    """Give the page its address."""

    @page_at("/models")
    async def models(id: str | None = None, beside: str | None = None) -> None:  # noqa: A002  # its name in the address
        visit = visitors.present()
        with page(visit, "Models", "/models"):
            await live(
                lambda: visit.api.get("/v1/models"), lambda data: _draw(visit, data["data"], id, beside), seconds=5
            )


def _draw(visit: Visit, models: list[Json], chosen: str | None, beside: str | None) -> None:
    own = [model for model in models if model["id"].startswith("ft:")]
    known = {model["id"]: model for model in own}
    if chosen in known:
        _compare(visit, [known[name] for name in dict.fromkeys((chosen, beside)) if name in known], own)
    if not own:
        nothing(visit, "No models yet.")
    for model in own:
        with ui.card().classes("full-width q-pa-sm"), ui.row().classes("full-width items-center"):
            ui.link(model["id"], f"/models?id={model['id']}")
            ui.label(
                f"{model['task']} · {model['base_model']} · {model['size_bytes'] / 1e6:,.1f} MB · {visit.time(model['created'])}"
            )
            for name in model["deployments"]:
                ui.badge(f"{visit.say('serves')} {name}", color="positive")
            ui.space()
            if visit.session.may("train"):
                _acts(visit, model)


def _acts(visit: Visit, model: Json) -> None:
    address = f"/v1/models/{segment(model['id'])}"
    if model["production"]:
        ui.button(
            visit.say("Roll back"),
            on_click=lambda: attempt(visit, visit.api.post(f"{address}/rollback"), "Rolled back"),
        ).props("outline")
        return
    ui.button(
        visit.say("Promote"), on_click=lambda: attempt(visit, visit.api.post(f"{address}/promote"), "Promoted")
    ).props("outline")
    ui.button(icon="delete", on_click=lambda: attempt(visit, visit.api.delete(address), "Deleted")).props(
        f'flat round aria-label="{visit.say("Delete")}"'
    )


def _compare(visit: Visit, pair: list[Json], all_models: list[Json]) -> None:
    """One model's scores, or two beside each other."""
    first = pair[0]
    others = {model["id"]: model["id"] for model in all_models if model["task"] == first["task"] and model is not first}
    ui.select(
        others,
        value=pair[1]["id"] if len(pair) > 1 and pair[1]["id"] in others else None,
        label=visit.say("Compare with"),
        on_change=lambda event: ui.navigate.to(f"/models?id={first['id']}&beside={event.value}"),
    ).classes("full-width")
    scores = [dict(flat(model["metrics"])) for model in pair]
    columns = [{"name": "score", "label": visit.say("Score"), "field": "score", "align": "left"}]
    columns += [
        {"name": f"m{number}", "label": model["id"], "field": f"m{number}", "align": "right"}
        for number, model in enumerate(pair)
    ]
    names = dict.fromkeys(name for one in scores for name in one)
    rows = [
        {"score": name}
        | {f"m{number}": f"{one[name]:.4g}" if name in one else "–" for number, one in enumerate(scores)}
        for name in names
    ]
    ui.table(columns=columns, rows=rows, row_key="score", pagination=25).classes("full-width")
    for model in pair:
        for words in (model["gate"] or {}).get("words", []):
            ui.label(f"{visit.say('Gate')}, {model['id']}: {words}")


def flat(metrics: Json, prefix: str = "") -> list[tuple[str, float]]:
    """Every figure with the way to it, e.g. ``labels.refund.f1``."""
    figures: list[tuple[str, float]] = []
    for name, value in metrics.items():
        if isinstance(value, dict):
            figures += flat(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            figures.append((prefix + name, float(value)))
    return figures
