"""Which function fetches from which type of source."""

from __future__ import annotations

from collections.abc import Mapping

from services.monitoring.connectors.fetched import Connector
from services.monitoring.connectors.folder import fetch_folder
from services.monitoring.connectors.mail import fetch_mail
from services.monitoring.connectors.queue import fetch_queue
from services.monitoring.connectors.web import fetch_feed, fetch_json
from shared.contracts.monitoring.streams import AnySource, FeedSource, FolderSource, JsonSource, MailSource, QueueSource

CONNECTORS: Mapping[type[AnySource], Connector] = {
    FeedSource: fetch_feed,
    JsonSource: fetch_json,
    FolderSource: fetch_folder,
    QueueSource: fetch_queue,
    MailSource: fetch_mail,
}
