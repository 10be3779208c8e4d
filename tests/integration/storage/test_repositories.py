"""The whole repository suite again, on PostgreSQL: what holds on SQLite holds here."""

from __future__ import annotations

from tests.unit.storage.test_alerts import TestAlerts
from tests.unit.storage.test_bots import TestBots
from tests.unit.storage.test_conversations import (
    TestConversationLife,
    TestFindingTurns,
    TestRepeatedTurns,
    TestSilence,
    TestStoringTurns,
)
from tests.unit.storage.test_database import TestTransactions, TestUnstorableText
from tests.unit.storage.test_documents import TestDocuments, TestStreams
from tests.unit.storage.test_files import TestFiles
from tests.unit.storage.test_jobs import (
    TestJobCancellation,
    TestJobHistory,
    TestJobLease,
    TestJobList,
    TestJobRecovery,
)
from tests.unit.storage.test_keys import TestKeys
from tests.unit.storage.test_migrations import TestMigrations
from tests.unit.storage.test_models import TestModelList, TestModelProduction, TestModelRollback
from tests.unit.storage.test_platform import TestInputs, TestReanalyses, TestTroubles
from tests.unit.storage.test_sentiment import TestCounting, TestTrends, TestWindow
from tests.unit.storage.test_trends import TestBuckets
from tests.unit.storage.test_webhooks import TestWebhooks

__all__ = [
    "TestAlerts",
    "TestBots",
    "TestBuckets",
    "TestConversationLife",
    "TestCounting",
    "TestDocuments",
    "TestFiles",
    "TestFindingTurns",
    "TestInputs",
    "TestJobCancellation",
    "TestJobHistory",
    "TestJobLease",
    "TestJobList",
    "TestJobRecovery",
    "TestKeys",
    "TestMigrations",
    "TestModelList",
    "TestModelProduction",
    "TestModelRollback",
    "TestReanalyses",
    "TestRepeatedTurns",
    "TestSilence",
    "TestStoringTurns",
    "TestStreams",
    "TestTransactions",
    "TestTrends",
    "TestTroubles",
    "TestUnstorableText",
    "TestWebhooks",
    "TestWindow",
]
