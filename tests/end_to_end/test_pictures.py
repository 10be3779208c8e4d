"""A receipt photo on the platform in one process, without a network."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.end_to_end.platforms import Platform
from tests.unit.generation.media.pictures import data_url, receipt, saved


def asked(text: str, url: str) -> list[dict[str, Any]]:
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
    return [{"role": "user", "content": parts}]


def test_a_receipt_photo_fills_the_order_number_after_a_yes(starter: Platform) -> None:
    photo = data_url(saved(receipt()))
    with starter.client() as client:
        first: Any = client.chat.completions.create(model="parley", messages=asked("where is my order?", photo))  # type: ignore[arg-type]
        said = first.choices[0].message.content
        assert "A-10432" in said
        assert any("A-10432" in line for line in first.parley["attachments"][0]["lines"])
        messages: Any = [*asked("where is my order?", photo), {"role": "assistant", "content": said}]
        messages.append({"role": "user", "content": "yes"})
        then: Any = client.chat.completions.create(model="parley", messages=messages)
        assert then.parley["conversation_id"] == first.parley["conversation_id"], "pictures belong to the history"
        assert "A-10432" in then.choices[0].message.content


def test_an_uploaded_picture_in_a_response_and_what_is_refused(starter: Platform) -> None:
    with starter.client() as client:
        file = client.files.create(file=("receipt.png", saved(receipt(), "PNG")), purpose="user_data")
        parts: Any = [{"type": "input_image", "file_id": file.id, "detail": "auto"}]
        said: Any = client.responses.create(model="parley", input=[{"role": "user", "content": parts}])
        assert "A-10432" in said.output_text
        for url, reason in (
            ("https://example.com/receipt.jpg", "nothing is fetched"),
            (data_url(b"no picture at all"), "no picture"),
            ("data:image/png;base64,%%%", "not base64"),
        ):
            with pytest.raises(openai.BadRequestError, match=reason):
                client.chat.completions.create(model="parley", messages=asked("look", url))  # type: ignore[arg-type]
