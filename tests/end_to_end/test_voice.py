"""A voice turn on the platform in one process, without a network."""

from __future__ import annotations

import base64
from typing import Any

from tests.end_to_end.platforms import Platform
from tests.unit.generation.media.speaking import needs_espeak, spoken


@needs_espeak
def test_what_is_said_is_answered(starter: Platform) -> None:
    data = base64.b64encode(spoken("I want to talk to a real person.")).decode()
    part = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
    messages: Any = [{"role": "user", "content": [part]}]
    with starter.client() as client:
        said: Any = client.chat.completions.create(model="parley", messages=messages)
    assert said.parley["handover"] == "requested"
