from __future__ import annotations

import random

from shared.contracts.chat.understanding import SENTIMENTS
from shared.storage.database.engine import Database
from shared.storage.monitoring import sentiment, trends
from shared.storage.monitoring.trends import Bucket
from tests.unit.storage.builders import an_observation, at_once

SCORES = {"negative": -700, "neutral": 20, "positive": 310}


def some(count: int) -> list[Bucket]:
    chance = random.Random(15)
    return [
        trends.reading(
            chance.uniform(0, 200_000),
            label := chance.choice(SENTIMENTS),
            SCORES[label],
            is_copy=chance.random() < 0.1,
            entity=chance.choice(("", "Nordwind", "海川能源")),
            topic=chance.choice(("", "earnings")),
            source=chance.choice(("wire", "blog")),
        )
        for _ in range(count)
    ]


class TestBuckets:
    def test_every_level_tells_the_same(self, database: Database) -> None:
        counted = some(500)
        with database.transaction() as session:
            trends.add(session, "news", counted)
        with database.reading() as session:
            found = {
                step: trends.scopes(session, "news", since=0, until=86_400 * 3)
                if step == 86_400
                else trends.series(session, "news", since=0, until=259_200, step=step)
                for step in (60, 300, 3600, 7200, 86_400)
            }
        expected = sum(bucket.score for bucket in counted if not bucket.entity)
        for step, buckets in found.items():
            assert sum(bucket.score for bucket in buckets if not bucket.entity) == expected, step
            assert sum(bucket.reach for bucket in buckets if not bucket.entity) == sum(not b.entity for b in counted), (
                step
            )

    def test_concurrent_counts_in_any_order_and_any_pieces_add_up(self, database: Database) -> None:
        counted = some(300)

        def count(number: int) -> None:
            mine = counted[number::6]
            random.Random(number).shuffle(mine)
            for piece in (mine[:20], mine[20:]):
                with database.transaction() as session:
                    trends.add(session, "pieces", piece)

        at_once(6, count)
        with database.transaction() as session:
            trends.add(session, "whole", counted)
        with database.reading() as session:
            pieces, whole = (
                trends.series(session, name, since=0, until=10**6, entity=None, group=trends.DIMENSIONS)
                for name in ("pieces", "whole")
            )
        assert pieces == whole != []

    def test_dimensions_are_kept_apart_or_summed(self, database: Database) -> None:
        with database.transaction() as session:
            trends.add(session, "news", [
                trends.reading(60, "negative", -900, is_copy=False, topic="earnings", source="wire"),
                trends.reading(60, "positive", 500, is_copy=False, topic="earnings", source="blog"),
                trends.reading(119, None, 0, is_copy=False, source="blog"),
                trends.reading(119, "negative", -900, is_copy=True, source="blog"),
                trends.reading(60, "negative", -300, is_copy=False, entity="Nordwind", source="wire"),
            ])  # fmt: skip
        with database.reading() as session:
            by_source = trends.series(session, "news", since=0, until=300, group=("source",))
            of_nordwind = trends.series(session, "news", since=61, until=300, entity="Nordwind")
            everybody = trends.series(session, "news", since=0, until=300, entity=None, group=("entity",))
            about = trends.series(session, "news", since=0, until=300, topic="earnings")
        assert by_source == [
            Bucket(60, source="blog", texts=2, positive=1, score=500, reach=3),
            Bucket(60, source="wire", texts=1, negative=1, score=-900, reach=1),
        ]
        assert of_nordwind == [Bucket(60, texts=1, negative=1, score=-300, reach=1)]
        assert everybody == [Bucket(60, entity="Nordwind", texts=1, negative=1, score=-300, reach=1)]
        assert [(bucket.texts, bucket.mean) for bucket in about] == [(2, -0.2)]

    def test_chats_and_analyses_are_counted_alike(self, database: Database) -> None:
        told = [an_observation("a", at=61.0), an_observation("b", at=62.0, sentiment="positive"), an_observation("a")]
        passed_on = [
            an_observation(name, at=63.0, stream="analyzed").model_copy(update={"voice": "same"}) for name in "xyz"
        ]
        with database.transaction() as session:
            sentiment.observe(session, told, now=0.0)
            sentiment.observe(session, passed_on[1:], now=0.0)
            sentiment.observe(session, passed_on, now=0.0)
        with database.reading() as session:
            chat = trends.series(session, "chat", since=0, until=120, group=("topic",))
            analyzed = trends.series(session, "analyzed", since=0, until=120)
            newest = trends.watermark(session, "chat"), trends.watermark(session, "nothing")
        assert chat == [Bucket(60, topic="greeting", texts=2, negative=1, positive=1, reach=2)]
        assert analyzed == [Bucket(60, texts=1, negative=1, score=-1000, reach=3)]
        assert newest == (120.0, None)

    def test_short_steps_are_forgotten_before_long_ones(self, database: Database) -> None:
        with database.transaction() as session:
            trends.add(session, "news", [trends.reading(60, "negative", -900, is_copy=False)])
            trends.prune(session, now=40 * 86_400)
        with database.reading() as session:
            left = [step for step in trends.LEVELS if trends.series(session, "news", since=0, until=86_400, step=step)]
        assert left == [300, 3600, 86_400]
