"""Numbers of payment cards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shared.privacy.digits import END, Group, numbers, runs
from shared.privacy.span import Span

_SHORTEST, _LONGEST = 13, 19

#: What the networks issue (ISO/IEC 7812): Visa, Mastercard, American Express, Diners, JCB, Discover, UnionPay, Maestro.
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[0689]\d{12,17}|35\d{14,17}|6\d{12,18}|50\d{11,17}"
)

#: A number that is called a card's is taken for one even if it is mistyped.
_CALLED_A_CARD = re.compile(
    r"(?:\bcards?|卡号|银行卡|信用卡|储蓄卡|借记卡)(?: ?(?:number|no\.?|num|#|号码?))?(?: ?(?:is|was|are|是|为|:|,|，|=))? ?"
    rf"(\d(?:[ .\-]?\d){{12,18}}){END}",
    re.IGNORECASE,
)


def cards(text: str) -> Iterator[Span]:
    """Card numbers, in one piece or in groups."""
    for groups in runs(text):
        end = 0
        for digits, first, last in numbers(text, groups, _LONGEST):
            if groups[first][0] >= end and _is_card(digits) and _is_written_so(groups[first:last]):
                end = groups[last - 1][1]
                yield Span(groups[first][0], end, "card")
    for match in _CALLED_A_CARD.finditer(text):
        yield Span(*match.span(1), "card")


def luhn(digits: str) -> bool:
    """Whether the checksum of ISO/IEC 7812 holds."""
    total = sum(map(int, digits[-1::-2]))
    return (total + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])) % 10 == 0


def _is_card(digits: str) -> bool:
    return len(digits) >= _SHORTEST and _ISSUED.fullmatch(digits) is not None and luhn(digits)


def _is_written_so(groups: Sequence[Group]) -> bool:
    """Groups of three and more, or dictated by ones and twos; a list of numbers looks different."""
    lengths = [end - start for start, end in groups]
    return min(lengths) >= 3 or max(lengths) <= 2
