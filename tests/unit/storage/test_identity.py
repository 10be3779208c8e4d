from __future__ import annotations

import re

from shared.storage.database.identity import new_id


def test_ids_are_unique_and_safe_in_urls_and_paths() -> None:
    ids = {new_id("ftjob-") for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"ftjob-[A-Za-z0-9]{24}", item) for item in ids)
