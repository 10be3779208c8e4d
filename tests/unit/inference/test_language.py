from __future__ import annotations

import pytest

from shared.inference.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my order?", "en"),
        ("Où est ma commande ?", "en"),
        ("我的订单在哪里？", "zh"),
        ("我要退iPhone", "zh"),
        ("I would like to book a table at 鼎泰豐 tonight", "en"),
        ("注文はどこですか", "und"),
        ("где мой заказ", "und"),
        ("주문 어디", "und"),
        ("12345 !!! 🙂", "und"),
        ("", "und"),
    ],
)
def test_the_script_tells_the_language(text: str, language: str) -> None:
    assert language_of(text) == language
