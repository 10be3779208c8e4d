"""Tries out the graphs of an item tower: what stands on it is learned once, and each graph is judged as it would serve."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from services.training.data.splitting import thinned
from services.training.exporting.activation_scales import ENOUGH_TEXTS
from services.training.exporting.quantization import SCHEMES, Scheme
from services.training.exporting.selection import ExportedVariant
from services.training.exporting.small_graph import export_small
from services.training.fitting.batching import Batch, together
from services.training.reporting.figures import Evaluation
from services.training.tasks.recommendation import behaviour
from services.training.tasks.recommendation.examples import collate, single_texts
from services.training.tasks.recommendation.ranker import Choice, Ranker, choices_of, fit_ranker
from services.training.tasks.recommendation.scores import Audience, evaluated, found_ranks
from services.training.tasks.recommendation.user_tower import UserTower, fit_user_tower
from services.training.tasks.task import Setting
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, Calibration
from shared.inference.predictor import Parts
from shared.inference.session import OnnxSession
from shared.inference.tokens import Tokens
from shared.tasks.recommendation.histories import History
from shared.tasks.recommendation.learned import Learned, hashes_of
from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.popularity import Popularity
from shared.tasks.recommendation.reader import RANKER, USER_TOWER, ItemTower, Ranking, RecommendingReader
from shared.tasks.recommendation.shelf import Shelf, attributes
from shared.tasks.recommendation.signals import COLUMNS, Wish, signals

#: People from whom the ranker learns at most.
_MOST_TAUGHT = 1_500


def shelf_of(audience: Audience, vectors: Floats) -> Shelf:
    """The items of some people, with what these chose together."""
    categories, count, prices = attributes(audience.items)
    return Shelf(
        places=audience.places,
        vectors=vectors,
        categories=categories,
        category_count=count,
        prices=prices,
        goes_with=behaviour.goes_with(audience.chosen, len(audience.items)),
        follows=behaviour.follows(audience.chosen, len(audience.items)),
        chosen=np.log1p(audience.counts()),
    )


def evaluate_with(ranking: Ranking, shelf: Shelf, audience: Audience) -> Evaluation:
    """How well what people chose next is foretold."""

    def rank(history: Ints, popularity: Floats) -> tuple[Ints, Floats]:
        return ranking.ranked(shelf, Wish(history, popularity))

    return evaluated(found_ranks(audience, rank))


def evaluate_bundle(bundle: Bundle, rows: Sequence[History], threads: int) -> Evaluation:
    """The same with a published model, which knows what it knew when it was trained.

    Raises:
        BrokenArtifact: Its files do not fit together.
    """
    reader = RecommendingReader.from_bundle(bundle, threads=threads)
    audience = Audience(rows)
    try:
        return evaluate_with(reader.ranking, reader.shelf(audience.items), audience)
    finally:
        reader.close()


def fit_stack(vectors: Floats, audience: Audience, earlier: Sequence[Ints], seed: int) -> tuple[UserTower, Ranker]:
    """The user tower, and the ranker over all signals.

    Args:
        vectors: [n, d] of the audience's items.
        audience: People whose next choice is known, and teaches the ranker.
        earlier: What they had chosen, as rows of items: what the user tower learns from.
        seed: Of weights and draws.
    """
    tower = fit_user_tower(vectors, earlier, seed)
    shelf, chance = shelf_of(audience, vectors), np.random.default_rng(seed)
    everything = np.arange(len(audience.items), dtype=np.int32)

    def wanted(seen: Floats) -> Floats:
        with torch.no_grad():
            found: Floats = tower(torch.from_numpy(seen)[None])[0].numpy()
        return found

    choices: list[Choice] = []
    for one in audience.judged(_MOST_TAUGHT):
        columns = signals(shelf, Wish(one.history, one.popularity), wanted)
        allowed = everything[~np.isin(everything, one.history)]
        choices += choices_of(columns, one.right, allowed, chance)
    return tower, fit_ranker(choices, seed)


class RecommendationVariants:
    """The graphs of a model.

    Args:
        setting: Where they are.
    """

    schemes = SCHEMES

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._validation = Audience(setting.parts.validation)
        self._test = Audience(setting.parts.test)
        self._vectors: dict[str, dict[str, Floats]] = {}

    def shown(self) -> list[Batch]:
        """Some items, each a batch of its own."""
        items = single_texts(self._setting.encoder, self._setting.parts.test)
        return [together([example], collate) for example in thinned(items, ENOUGH_TEXTS)]

    def try_out(self, file: str, scheme: Scheme | None) -> ExportedVariant:
        """Judge the graph in ``file`` by the validation rows."""
        candidate = ExportedVariant(file, scheme, Calibration(), {}, Evaluation(0, {}, {}))
        found = self.evaluate(candidate, self._setting.parts.validation)
        return ExportedVariant(file, scheme, Calibration(), {}, found)

    def evaluate(self, candidate: ExportedVariant, rows: Sequence[Any]) -> Evaluation:
        """Judge a graph by some rows, with what was learned of the choices in them."""
        audience = self._audience(rows)
        ranking = self._ranking
        shelf = shelf_of(audience, self._read(candidate.file, audience))
        return evaluate_with(ranking, shelf, audience)

    def keep(self, candidate: ExportedVariant) -> None:
        """Write what is known of the items beside the graph: of all choices but those that were foretold."""
        audience = self._test
        shelf = shelf_of(audience, self._read(candidate.file, audience))
        popularity = Popularity(len(audience.items))
        times = np.array([at for at, _ in audience.events])
        popularity.add_all(np.array([row for _, row in audience.events], np.int32), times, np.ones(len(times)))
        Learned(
            item_ids=[item.item_id for item in audience.items],
            hashes=hashes_of([item.text for item in audience.items]),
            vectors=shelf.vectors.astype(np.float16),
            goes_with=shelf.goes_with,
            follows=shelf.follows,
            counts=popularity.counts,
            at=popularity.at,
        ).save(self._setting.folder)

    @cached_property
    def _ranking(self) -> Ranking:
        """The user tower and the ranker, learned on the validation rows and written into the folder."""
        setting, audience = self._setting, self._validation
        vectors = self._read(FP32_MODEL, audience)
        places = audience.places
        earlier = [
            np.array([places[one.item.item_id] for one in row.visits if one.item.item_id in places], np.int32)
            for row in setting.parts.train
        ]
        tower, ranker = fit_stack(vectors, audience, [one for one in earlier if len(one)], setting.draft.spec.seed)
        lengths = (1, 3, min(30, len(vectors)))
        histories = [torch.from_numpy(vectors[:length])[None] for length in lengths]
        export_small(tower, setting.folder / USER_TOWER, "vectors", "wanted", {1: "history"}, histories)
        columns = [torch.rand(count, COLUMNS) for count in (1, 2, 50)]
        export_small(ranker, setting.folder / RANKER, "signals", "scores", {0: "rows"}, columns)
        return Ranking(setting.folder)

    def _audience(self, rows: Sequence[Any]) -> Audience:
        if rows is self._setting.parts.validation:
            return self._validation
        return self._test if rows is self._setting.parts.test else Audience(rows)

    def _read(self, file: str, audience: Audience) -> Floats:
        """The vectors of the audience's items by a graph; each item is read once."""
        known = self._vectors.setdefault(file, {})
        unread = [item for item in audience.items if item.item_id not in known]
        if unread:
            setting = self._setting
            tokens = Tokens.from_file(setting.folder / TOKENIZER, setting.draft.max_length)
            parts = Parts(setting.draft, tokens, OnnxSession.open(setting.folder / file), setting.threads)
            tower = ItemTower(parts)
            known |= zip((one.item_id for one in unread), tower.embed([one.text for one in unread]), strict=True)
            tower.close()
        return np.stack([known[item.item_id] for item in audience.items])
