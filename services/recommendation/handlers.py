"""Questions in, offers out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.recommendation.catalogs import Catalogs
from services.recommendation.offering import offer
from shared.contracts.knowledge.recommendation import CatalogChanged, ItemsRecommended, RecommendItems
from shared.contracts.releases import BotPublished, ModelPublished
from shared.contracts.training.jobs import deployed_catalog
from shared.messaging.consuming.handlers import Handlers, one_by_one


def build_handlers(catalogs: Catalogs, clock: Callable[[], float]) -> Handlers:
    """What is done with questions, and with news that make a catalog ready before it is asked for.

    Args:
        catalogs: Are kept ready.
        clock: Unix seconds.
    """

    def on_questions(asked: Sequence[RecommendItems]) -> list[ItemsRecommended]:
        """Those that came together look into the database once for each catalog."""
        found: dict[int, ItemsRecommended] = {}
        for catalog in dict.fromkeys(one.catalog for one in asked):
            with catalogs.ready(catalog) as ready:
                for place, one in enumerate(asked):
                    if one.catalog == catalog:
                        who = ready.person(one.who).after(one.session)
                        items = offer(ready.live, one, who, clock())
                        found[place] = ItemsRecommended(items=items, model=ready.live.model_id)
        return [found[place] for place in range(len(asked))]

    return {RecommendItems: on_questions}


def build_news_handlers(changed: Callable[[str], None]) -> Handlers:
    """What is done with news: only wake-ups, since each question looks into the database anyway.

    Args:
        changed: Is told the id of a catalog.
    """

    def on_catalog(news: CatalogChanged) -> None:
        changed(news.catalog)

    def on_model(news: ModelPublished) -> None:
        if (catalog := deployed_catalog(news.slot)) is not None:
            changed(catalog)

    def on_bot(_: BotPublished) -> None:
        """Bots are the business of generation; the news comes to all on the same key."""

    return {
        CatalogChanged: one_by_one(on_catalog),
        ModelPublished: one_by_one(on_model),
        BotPublished: one_by_one(on_bot),
    }
