"""Every metric of Parley by name, so that a dashboard can be written from this file alone."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

HTTP_REQUESTS = Counter("parley_http_requests", "HTTP requests answered.", ["route", "method", "status"])
HTTP_SECONDS = Histogram("parley_http_request_seconds", "Time to answer a request.", ["route"], buckets=SECONDS)
TURNS_STORED = Counter("parley_turns_stored", "Chat turns answered and stored.", ["kind"])
SOCKETS_OPEN = Gauge("parley_sockets_open", "WebSockets of customers that are open.")
PENDING_REQUESTS = Gauge("parley_pending_requests", "Requests on the bus that wait for their reply.")

MESSAGES_HANDLED = Counter("parley_messages_handled", "Messages handled.", ["queue", "type", "outcome"])
MESSAGE_SECONDS = Histogram("parley_message_seconds", "Time to handle one batch.", ["queue"], buckets=SECONDS)
BATCH_SIZE = Histogram("parley_batch_size", "Messages per batch.", ["queue"], buckets=(1, 2, 4, 8, 16, 32, 64, 128))
DEAD_LETTERS = Counter("parley_dead_letters", "Messages sent to the dead letters.", ["queue", "reason"])
BUS_RECONNECTS = Counter("parley_bus_reconnects", "Connections to the broker made again.", ["role"])

MODEL_INFO = Gauge("parley_model_loaded", "1 for the model that a process serves.", ["slot", "model"])
MODEL_SWAPS = Counter("parley_model_swaps", "Models swapped in.", ["slot"])

JOBS_FINISHED = Counter("parley_jobs_finished", "Training jobs by how they ended.", ["status"])
JOB_SECONDS = Histogram(
    "parley_job_seconds", "Duration of training jobs.", buckets=(10, 30, 60, 120, 300, 900, 3600, 14400)
)

QUEUE_MESSAGES = Gauge("parley_queue_messages", "Messages that wait in a shared queue; monitoring looks.", ["queue"])
QUEUE_CONSUMERS = Gauge("parley_queue_consumers", "Subscriptions that take from a shared queue.", ["queue"])
BROKER_UP = Gauge("parley_broker_up", "1 while monitoring reaches the broker, else 0.")
BUILD_INFO = Gauge("parley_build_info", "1 for the version of Parley that a process runs.", ["version"])
CLOCK_JUMPS = Counter("parley_clock_jumps", "Times that the clock of the machine was set by more than some seconds.")

INPUT_DRIFT = Gauge(
    "parley_input_drift",
    "How far what a deployment was asked in the last hour has moved from its training; monitoring looks.",
    ["deployment", "measure"],
)

# Callers name streams as they like: as a label each would stay in memory for ever.
OBSERVATIONS = Counter("parley_sentiment_observations", "Texts counted on a sentiment stream.", ["sentiment"])
DOCUMENTS = Counter("parley_documents", "Documents of streams.", ["outcome"])
DOCUMENT_LAG = Histogram(
    "parley_document_lag_seconds",
    "Time from the acceptance of a document to its count.",
    buckets=(0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 7200, 21600),
)
SOURCES = Gauge("parley_sources", "Sources that monitoring fetches, by how that goes.", ["state"])
CHANNELS_FAILING = Gauge("parley_alert_channels_failing", "Channels whose last notice could not be delivered.")
ALERTS_FIRING = Gauge("parley_alerts_firing", "Streams on which an alert is firing.")
ALERTS = Counter("parley_alerts", "Alerts by rule that began, ended or were escalated.", ["rule", "change"])
CHANNEL_MESSAGES = Counter("parley_channel_messages", "Messages of customers' channels.", ["channel", "outcome"])
ALERT_NOTICES = Counter("parley_alert_notices", "Notices of alerts by kind of channel.", ["channel", "outcome"])


def exposition() -> tuple[bytes, str]:
    """The metrics of this process in Prometheus' text format, and their content type."""
    return generate_latest(), CONTENT_TYPE_LATEST
