"""Invented personal numbers and addresses in the forms that people write, by kind.

None is real: they are the published examples of issuers, ranges kept for fiction, or made up with a valid checksum.
"""

from __future__ import annotations

CANARIES: dict[str, tuple[str, ...]] = {
    "card": (
        "4111 1111 1111 1111",
        "5555-5555-5555-4444",
        "4242424242424242",
        "3782 822463 10005",
        "6222021234567890128",
        "４１１１１１１１１１１１１１１１",
        "4111\u200b1111\u200b1111\u200b1111",
    ),
    "phone": (
        "+44 20 7946 0958",
        "07700 900123",
        "(415) 555-2671",
        "415-555-2671",
        "4155552671",
        "+1 415 555 2671",
        "13800138000",
        "138 0013 8000",
        "+86 138-0013-8000",
        "0086 13800138000",
        "010-65529988",
        "１３８００１３８０００",
        "一三八零零一三八零零零",
        "+49 30 901820",
    ),
    "email": (
        "john.smith+shop@example.co.uk",
        "zhang_san@example.com.cn",
        "ｗａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    ),
    "id": (
        "11010519491231002X",
        "110105 19491231 0021",
        "078-05-1120",
        "AB 12 34 56 C",
        "A123456(3)",
        "A123456789",
    ),
    "account": ("GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"),
}

#: Numbers that only the words before them make personal.
CALLED = {
    "card": ("card number 1234 5678 9012 3456", "卡号是1234567890123456"),
    "phone": ("my phone is 5551234", "电话：65529988"),
    "id": ("passport number E12345678", "护照号码是E12345678", "social security number is 078051120"),
}

#: What services work with every day.
HARMLESS = (
    "order A-10432",
    "order #558201",
    "where is 10987",
    "ORD-77120",
    "order number 4155552671",
    "flight CA1234 on 2026-11-03 at 10:30",
    "03/11/2026 to 10/11/2026",
    "2026年11月3日 18:30",
    "$1,234,567.89 and €4155552671",
    "12345678.90",
    "订单号 20261103123456",
    "in 1990 2000 2010 2020",
    "at 1700000000, or 1700000000123 in milliseconds",
    "ISBN 978-3-16-148410-0",
    "192.168.100.200",
    "rooms 1204 1205 1206",
    "parcel 1Z999AA10123456784, SF1234567890123",
    "version 10.0.19041.1234",
    "@parley, 5 @ 20",
    "3f2504e04f8911d39a0c0305e82c3301",
)


def every_canary() -> list[str]:
    """All of them, without their kinds."""
    return [canary for kind in CANARIES.values() for canary in kind]
