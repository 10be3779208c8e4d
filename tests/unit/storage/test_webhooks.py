from __future__ import annotations

from shared.contracts.webhooks import WebhookEventType
from shared.storage import webhooks
from shared.storage.database.engine import Database
from shared.storage.tables.webhooks import WebhookEndpoint
from shared.storage.training import jobs
from tests.unit.storage.builders import a_job


def an_endpoint(database: Database, name: str, *types: WebhookEventType) -> str:
    with database.transaction() as session:
        return webhooks.add(
            session,
            WebhookEndpoint(
                id=f"wh_{name}",
                name=name,
                url="https://example.com",
                event_types=list(types),
                secret="whsec_AAAA",
                created_at=1.0,
                updated_at=1.0,
                key_id="key_1",
            ),
        ).id


def claimed(database: Database, now: float, token: str = "t", **options: object) -> list[str]:  # noqa: S107  # no secret
    with database.transaction() as session:
        found = webhooks.claim(session, token=token, now=now, hold_seconds=60.0, limit=10, **options)  # type: ignore[arg-type]
        return [delivery.id for delivery, _ in found]


class TestWebhooks:
    def test_an_event_goes_to_those_who_asked_for_it(self, database: Database) -> None:
        an_endpoint(database, "one", "batch.completed", "batch.failed")
        an_endpoint(database, "two", "batch.completed")
        an_endpoint(database, "three", "alert.firing")
        with database.transaction() as session:
            assert webhooks.emit(session, "batch.completed", {"id": "batch_1"}, 5.0) == 2
            assert webhooks.emit(session, "eval.run.failed", {"id": "e"}, 5.0) == 0
        with database.reading() as session:
            one = webhooks.deliveries(session, "wh_one").items
            two = webhooks.deliveries(session, "wh_two").items
        assert one[0].event_id == two[0].event_id
        assert (one[0].data, one[0].status) == ({"id": "batch_1"}, "pending")

    def test_what_is_claimed_is_held_and_comes_back_if_nothing_is_heard(self, database: Database) -> None:
        an_endpoint(database, "one", "batch.completed")
        with database.transaction() as session:
            webhooks.emit(session, "batch.completed", {"id": "b"}, 5.0)
            assert webhooks.is_due(session, 5.0)
        first = claimed(database, 5.0, "died")
        assert len(first) == 1
        assert claimed(database, 64.0) == []
        assert claimed(database, 65.0, "second") == first

    def test_only_the_holder_settles(self, database: Database) -> None:
        an_endpoint(database, "one", "batch.completed")
        with database.transaction() as session:
            webhooks.emit(session, "batch.completed", {"id": "b"}, 5.0)
        with database.transaction() as session:
            ((late, _),) = webhooks.claim(session, token="late", now=5.0, hold_seconds=1.0, limit=1)
        with database.transaction() as session:
            ((new, _),) = webhooks.claim(session, token="new", now=7.0, hold_seconds=60.0, limit=1)
        with database.transaction() as session:
            assert not webhooks.finish(session, late, "delivered", {"at": 8.0, "ms": 1}, 8.0)
            assert webhooks.postpone(session, new, {"at": 9.0, "ms": 1, "status_code": 500}, 20.0)
        assert claimed(database, 19.0) == []
        with database.transaction() as session:
            ((again, _),) = webhooks.claim(session, token="x", now=20.0, hold_seconds=60.0, limit=1)
            assert (again.attempts, again.tries[0]["status_code"]) == (3, 500)
            assert webhooks.finish(session, again, "delivered", {"at": 20.0, "ms": 1, "status_code": 200}, 20.0)
            assert not webhooks.is_due(session, 1e9)

    def test_an_endpoint_can_be_left_alone(self, database: Database) -> None:
        an_endpoint(database, "one", "batch.completed")
        an_endpoint(database, "two", "batch.completed")
        with database.transaction() as session:
            webhooks.emit(session, "batch.completed", {"id": "b"}, 5.0)
            assert not webhooks.is_due(session, 5.0, ["wh_one", "wh_two"])
        assert len(claimed(database, 5.0, without=["wh_one"])) == 1
        assert len(claimed(database, 5.0)) == 1

    def test_deleting_forgets_what_is_owed_and_pruning_what_ended(self, database: Database) -> None:
        an_endpoint(database, "one", "batch.completed")
        with database.transaction() as session:
            webhooks.emit(session, "batch.completed", {"id": "b"}, 5.0)
            webhooks.emit(session, "batch.completed", {"id": "c"}, 6.0)
            ((done, _),) = webhooks.claim(session, token="t", now=5.0, hold_seconds=60.0, limit=1)
            webhooks.finish(session, done, "failed", {"at": 5.0, "ms": 1, "error": "x"}, 7.0)
            assert webhooks.prune(session, 7.0) == 0
            assert webhooks.prune(session, 8.0) == 1
            webhooks.delete(session, "wh_one")
            assert not webhooks.is_due(session, 1e9)

    def test_each_end_of_a_job_is_told_once(self, database: Database) -> None:
        an_endpoint(database, "one", "fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled")
        with database.transaction() as session:
            for number in range(4):
                jobs.add(session, a_job(f"ftjob-{number}"))
            jobs.request_cancel(session, "ftjob-0", 2.0)
            jobs.request_cancel(session, "ftjob-0", 3.0)
            for number in (1, 2, 3):
                jobs.claim(session, token=f"t{number}", now=2.0, lease_seconds=5.0, job_id=f"ftjob-{number}")
            assert jobs.finish(session, "ftjob-1", "t1", "succeeded", now=3.0)
            assert not jobs.finish(session, "ftjob-1", "t1", "succeeded", now=3.0)
            assert jobs.release(session, "ftjob-2", "t2", 3.0, 1) is not None
            assert jobs.hand_back(session, "ftjob-3", "t3", 3.0) is not None
        with database.reading() as session:
            told = {(one.event_type, one.data["id"]) for one in webhooks.deliveries(session, "wh_one").items}
            assert len(webhooks.deliveries(session, "wh_one").items) == 3
        assert told == {
            ("fine_tuning.job.cancelled", "ftjob-0"),
            ("fine_tuning.job.succeeded", "ftjob-1"),
            ("fine_tuning.job.failed", "ftjob-2"),
        }
