from __future__ import annotations

import pytest

from shared.errors import AlreadyExists, InvalidInput, NotFound
from shared.storage.database.engine import Database
from shared.storage.tables.core import Job
from shared.storage.training import jobs
from tests.unit.storage.builders import SPEC, a_job, at_once

LEASE = 30.0


def add(database: Database, *new: Job) -> None:
    with database.transaction() as session:
        for job in new:
            jobs.add(session, job)


def claim(database: Database, worker: str = "worker", *, now: float = 2000.0, job_id: str | None = None) -> Job | None:
    with database.transaction() as session:
        return jobs.claim(session, token=worker, now=now, lease_seconds=LEASE, job_id=job_id)


def read(database: Database, job_id: str) -> Job:
    with database.reading() as session:
        return jobs.get(session, job_id)


class TestJobList:
    def test_a_job_comes_back_as_it_was_stored(self, database: Database) -> None:
        add(database, a_job("ftjob-1", metadata={"team": "客服"}))
        job = read(database, "ftjob-1")
        assert (job.spec, job.status, job.attempt, job.seed) == (SPEC, "queued", 0, 7)
        assert (job.created_at, job.user_metadata, job.result_files, job.error) == (1000.5, {"team": "客服"}, [], None)

    def test_an_unknown_job_is_not_found(self, database: Database) -> None:
        with pytest.raises(NotFound, match="ftjob-none"):
            read(database, "ftjob-none")

    def test_pages_are_newest_first_and_lose_nothing_among_equal_times(self, database: Database) -> None:
        add(database, *(a_job(f"ftjob-{number}", created_at=1000.5 + number // 3) for number in range(7)))
        seen: list[str] = []
        after, more = None, True
        while more:
            with database.reading() as session:
                page = jobs.page(session, after=after, limit=2)
            seen += [job.id for job in page.items]
            after, more = seen[-1], page.has_more
        assert seen == [f"ftjob-{number}" for number in (6, 5, 4, 3, 2, 1, 0)]

    def test_a_page_after_an_unknown_job_names_the_parameter(self, database: Database) -> None:
        with database.reading() as session, pytest.raises(InvalidInput) as caught:
            jobs.page(session, after="ftjob-none")
        assert caught.value.param == "after"

    def test_metadata_selects_jobs_that_carry_every_pair(self, database: Database) -> None:
        add(database, a_job("ftjob-1", metadata={"team": "a", "env": "x"}), a_job("ftjob-2", metadata={"team": "a"}))
        with database.reading() as session:
            both = jobs.page(session, metadata={"team": "a"})
            one = jobs.page(session, metadata={"team": "a", "env": "x"})
            none = jobs.page(session, metadata={"team.env": "a"})
        assert [job.id for job in both.items] == ["ftjob-2", "ftjob-1"]
        assert [job.id for job in one.items] == ["ftjob-1"]
        assert none.items == []

    @pytest.mark.parametrize(
        "key", ["it's", "$.team", "a b", "[0]", "钥匙", "back\\slash", "%(x)s", ":x", "", "\n", 'a"b', "'); --"]
    )
    def test_metadata_keys_may_hold_any_sign(self, database: Database, key: str) -> None:
        add(database, a_job("ftjob-1", metadata={key: "v"}), a_job("ftjob-2"))
        with database.reading() as session:
            assert [job.id for job in jobs.page(session, metadata={key: "v"}).items] == ["ftjob-1"]

    def test_a_repeated_idempotency_key_makes_no_second_job(self, database: Database) -> None:
        add(database, a_job("ftjob-1", key_id="key_1", idempotency_key="again"))
        with pytest.raises(AlreadyExists):
            add(database, a_job("ftjob-2", key_id="key_1", idempotency_key="again"))
        add(database, a_job("ftjob-3", key_id="key_2", idempotency_key="again"))
        with database.reading() as session:
            found = jobs.by_idempotency_key(session, "key_1", "again")
            assert jobs.by_idempotency_key(session, "key_1", "other") is None
        assert found is not None
        assert found.id == "ftjob-1"


class TestJobLease:
    def test_the_oldest_queued_job_is_claimed_first(self, database: Database) -> None:
        add(database, a_job("ftjob-new", created_at=2.0), a_job("ftjob-old", created_at=1.0))
        job = claim(database, now=2000.0)
        assert job is not None
        assert (job.id, job.status, job.attempt, job.started_at) == ("ftjob-old", "running", 1, 2000.0)
        assert job.lease_expires_at == 2000.0 + LEASE

    def test_a_named_job_is_claimed_only_while_it_is_queued(self, database: Database) -> None:
        add(database, a_job("ftjob-1", created_at=1.0), a_job("ftjob-2", created_at=2.0))
        first, second = claim(database, job_id="ftjob-2"), claim(database, job_id="ftjob-2")
        assert first is not None
        assert first.id == "ftjob-2"
        assert second is None
        assert claim(database, job_id="ftjob-none") is None

    def test_of_eight_claimers_of_one_job_one_wins(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claimed = at_once(8, lambda number: claim(database, f"worker-{number}"))
        winners = [job for job in claimed if job is not None]
        assert len(winners) == 1
        assert read(database, "ftjob-1").attempt == 1
        assert read(database, "ftjob-1").lease_token == winners[0].lease_token

    def test_eight_claimers_share_eight_jobs(self, database: Database) -> None:
        add(database, *(a_job(f"ftjob-{number}") for number in range(8)))
        claimed = at_once(8, lambda number: claim(database, f"worker-{number}"))
        assert {job.id for job in claimed if job is not None} == {f"ftjob-{number}" for number in range(8)}

    def test_only_the_holder_of_the_lease_writes(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database, "mine")
        for token, allowed in (("other", False), ("mine", True)):
            with database.transaction() as session:
                assert jobs.holds(session, "ftjob-1", token) is allowed
                assert jobs.renew(session, "ftjob-1", token, 2010.0, LEASE) is allowed
                assert jobs.report(session, "ftjob-1", token, estimated_finish=2500.5) is allowed
                assert jobs.finish(session, "ftjob-1", token, "succeeded", now=2020.0) is allowed
        assert read(database, "ftjob-1").status == "succeeded"

    def test_renewing_prolongs_the_lease(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database, "mine", now=2000.0)
        with database.transaction() as session:
            jobs.renew(session, "ftjob-1", "mine", 2025.0, LEASE)
        with database.transaction() as session:
            assert jobs.release_expired(session, 2040.0, max_attempts=3) == []

    def test_progress_is_kept(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database, "mine")
        with database.transaction() as session:
            jobs.report(session, "ftjob-1", "mine", estimated_finish=2500.5, trained_tokens=3 * 10**9)
            jobs.report(session, "ftjob-1", "mine", estimated_finish=2400.5)
        job = read(database, "ftjob-1")
        assert (job.estimated_finish, job.trained_tokens) == (2400.5, 3 * 10**9)

    def test_a_finished_job_keeps_its_results_and_ends_once(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database, "mine")
        with database.transaction() as session:
            done = jobs.finish(
                session,
                "ftjob-1",
                "mine",
                "succeeded",
                now=3000.5,
                fine_tuned_model="ft:minilm:parley::1",
                trained_tokens=999,
                result_files=["file-2", "file-3"],
            )
            again = jobs.finish(session, "ftjob-1", "mine", "failed", now=3001.5)
        job = read(database, "ftjob-1")
        assert (done, again) == (True, False)
        assert (job.status, job.finished_at, job.lease_token) == ("succeeded", 3000.5, None)
        assert (job.fine_tuned_model, job.trained_tokens) == ("ft:minilm:parley::1", 999)
        assert job.result_files == ["file-2", "file-3"]

    def test_a_job_cannot_end_as_running(self, database: Database) -> None:
        with database.transaction() as session, pytest.raises(ValueError, match="does not end"):
            jobs.finish(session, "ftjob-1", "mine", "running", now=1.0)


class TestJobRecovery:
    def test_a_lease_that_ran_out_in_a_certain_time_costs_no_attempt(self, database: Database) -> None:
        add(database, a_job("ftjob-1"), a_job("ftjob-2"))
        claim(database, "before", now=2000.0, job_id="ftjob-1")
        claim(database, "within", now=2020.0, job_id="ftjob-2")
        with database.transaction() as session:
            (given,) = jobs.hand_back_expired(session, 2100.0, since=2040.0, until=2060.0)
        assert (given.id, given.status, given.attempt, given.lease_token) == ("ftjob-2", "queued", 0, None)
        assert read(database, "ftjob-1").status == "running"

    def test_a_silent_worker_loses_its_job_to_the_next(self, database: Database) -> None:
        add(database, a_job("ftjob-1"), a_job("ftjob-2"))
        claim(database, "silent", now=2000.0, job_id="ftjob-1")
        claim(database, "alive", now=2020.0, job_id="ftjob-2")
        with database.transaction() as session:
            released = jobs.release_expired(session, 2000.0 + LEASE + 1, max_attempts=3)
        assert [(job.id, job.status) for job in released] == [("ftjob-1", "queued")]
        assert claim(database, "next", now=2040.0) is not None
        with database.transaction() as session:
            assert not jobs.finish(session, "ftjob-1", "silent", "succeeded", now=2041.0)
            assert jobs.holds(session, "ftjob-1", "next")

    def test_two_reapers_release_a_job_once(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database, now=2000.0)

        def reap(_number: int) -> int:
            with database.transaction() as session:
                return len(jobs.release_expired(session, 3000.0, max_attempts=3))

        assert sorted(at_once(4, reap)) == [0, 0, 0, 1]

    def test_the_third_death_fails_the_job_with_the_reason(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        for _ in range(3):
            claim(database, "mine")
            with database.transaction() as session:
                released = jobs.release(session, "ftjob-1", "mine", 2100.5, 3, "signal 9 killed it")
        assert released is not None
        job = read(database, "ftjob-1")
        assert (job.status, job.finished_at, job.attempt) == ("failed", 2100.5, 3)
        assert job.error is not None
        assert job.error["code"] == "attempts_exhausted"
        assert "3 attempts" in job.error["message"]
        assert "signal 9 killed it" in job.error["message"]

    def test_a_job_is_released_only_by_its_holder(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database, "mine")
        with database.transaction() as session:
            assert jobs.release(session, "ftjob-1", "other", 2100.5, 3) is None
        assert read(database, "ftjob-1").status == "running"

    def test_an_attempt_whose_worker_goes_does_not_count(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        for _ in range(5):
            claim(database, "mine")
            with database.transaction() as session:
                assert jobs.hand_back(session, "ftjob-1", "other", 2100.5) is None
                assert jobs.hand_back(session, "ftjob-1", "mine", 2100.5) is not None
        job = read(database, "ftjob-1")
        assert (job.status, job.attempt, job.finished_at) == ("queued", 0, None)

    def test_a_released_job_that_was_to_be_cancelled_is_cancelled(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database, "mine")
        with database.transaction() as session:
            jobs.request_cancel(session, "ftjob-1", 2050.0)
            jobs.release(session, "ftjob-1", "mine", 2100.5, max_attempts=1)
        job = read(database, "ftjob-1")
        assert (job.status, job.finished_at, job.error) == ("cancelled", 2100.5, None)

    def test_jobs_that_wait_too_long_are_found(self, database: Database) -> None:
        add(database, *(a_job(f"ftjob-{number}", created_at=float(number)) for number in range(4)))
        claim(database, job_id="ftjob-0")
        with database.reading() as session:
            assert jobs.waiting(session, older_than=3.0) == ["ftjob-1", "ftjob-2"]


class TestJobCancellation:
    def test_a_queued_job_is_cancelled_at_once(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        with database.transaction() as session:
            job = jobs.request_cancel(session, "ftjob-1", 2000.5)
        assert (job.status, job.finished_at, job.cancel_requested) == ("cancelled", 2000.5, True)
        assert claim(database) is None

    def test_a_running_job_is_left_to_its_worker(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database)
        with database.transaction() as session:
            job = jobs.request_cancel(session, "ftjob-1", 2000.5)
        assert (job.status, job.finished_at, job.cancel_requested) == ("running", None, True)

    def test_an_ended_job_stays_as_it_is(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        claim(database, "mine")
        with database.transaction() as session:
            jobs.finish(session, "ftjob-1", "mine", "failed", now=2000.5, error={"code": "x", "message": "y"})
            job = jobs.request_cancel(session, "ftjob-1", 2001.5)
        assert (job.status, job.finished_at, job.cancel_requested) == ("failed", 2000.5, False)
        assert job.error == {"code": "x", "message": "y"}

    def test_an_unknown_job_cannot_be_cancelled(self, database: Database) -> None:
        with pytest.raises(NotFound), database.transaction() as session:
            jobs.request_cancel(session, "ftjob-none", 1.0)


class TestJobHistory:
    def test_events_are_newest_first_and_paged(self, database: Database) -> None:
        add(database, a_job("ftjob-1"), a_job("ftjob-2"))
        with database.transaction() as session:
            for step in range(3):
                jobs.add_event(session, "ftjob-1", "info", "metrics", f"step {step}", {"step": step}, 2000.0)
            jobs.add_event(session, "ftjob-2", "warn", "message", "other", {}, 2000.0)
        with database.reading() as session:
            first = jobs.events(session, "ftjob-1", limit=2)
            rest = jobs.events(session, "ftjob-1", limit=2, after=first.items[-1].id)
        assert [event.data for event in first.items] == [{"step": 2}, {"step": 1}]
        assert [event.message for event in rest.items] == ["step 0"]
        assert (first.has_more, rest.has_more) == (True, False)

    def test_a_checkpoint_written_again_replaces_the_first(self, database: Database) -> None:
        add(database, a_job("ftjob-1"))
        with database.transaction() as session:
            jobs.add_checkpoint(session, "ftjob-1", 10, {"train_loss": 2.0}, "jobs/ftjob-1/checkpoints/10", 2000.0)
            jobs.add_checkpoint(session, "ftjob-1", 20, {"train_loss": 1.5}, "jobs/ftjob-1/checkpoints/20", 2001.0)
            jobs.add_checkpoint(session, "ftjob-1", 10, {"train_loss": 1.0}, "jobs/ftjob-1/checkpoints/10b", 2002.0)
        with database.reading() as session:
            page = jobs.checkpoints(session, "ftjob-1")
        assert [(row.step_number, row.metrics["train_loss"], row.folder) for row in page.items] == [
            (20, 1.5, "jobs/ftjob-1/checkpoints/20"),
            (10, 1.0, "jobs/ftjob-1/checkpoints/10b"),
        ]
