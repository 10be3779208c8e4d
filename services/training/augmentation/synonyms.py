"""Words that stand for each other in what customers write, whatever they want and feel."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from services.training.augmentation.edits import Edit, outside
from shared.rows.spans import Entity

#: A line a group; each word of it may take the place of each other. Only what keeps form and feeling is in here: no word is
#: stronger, weaker or kinder than the others of its group.
_ENGLISH = """
buy|purchase
bought|purchased
buying|purchasing
get|obtain|receive
got|received
help|assist
helped|assisted
helping|assisting
want|wish
start|begin
started|began
starting|beginning
finish|complete
finished|completed
end|finish
fix|repair
fixed|repaired
fixing|repairing
show|display
shows|displays
tell|inform
choose|select|pick
chose|selected|picked
choosing|selecting|picking
send|ship
sent|shipped
sending|shipping
ask|inquire
asked|inquired
need|require
needs|requires
needed|required
happen|occur
happened|occurred
happens|occurs
allow|permit
allowed|permitted
allows|permits
modify|change|alter
modified|changed|altered
modifying|changing|altering
cancel|call off
reserve|book
reserved|booked
reserving|booking
verify|check
verified|checked
confirm|verify
reset|restore
delete|remove|erase
deleted|removed|erased
deleting|removing|erasing
find|locate
finding|locating
attempt|try
attempted|tried
attempting|trying
pay|settle
return|give back
arrive|get here
arrived|got here
look for|search for
looking for|searching for
set up|configure
works|functions
working|functioning
leave|depart
leaves|departs
trip|journey
flight|plane
hotel room|room
apartment|flat
car|vehicle
cars|vehicles
shop|store
shops|stores
goods|items|products
item|product|article
parcel|package
parcels|packages
phone|telephone
cellphone|mobile|mobile phone
movie|film
movies|films
song|track
songs|tracks
picture|image
pictures|images
error|fault
errors|faults
issue|problem
issues|problems
cost|price
costs|prices
fee|charge
fees|charges
cash|money
bill|invoice
bills|invoices
password|passcode
customer service|customer support
info|information|details
answer|reply|response
quick|fast|rapid
quickly|fast|rapidly
cheap|inexpensive
cheapest|least expensive
big|large
bigger|larger
small|little
correct|right
wrong|incorrect
sure|certain
entire|whole
possible|feasible
near|close to
nearby|close by
right now|now|at the moment
immediately|at once|right away
currently|presently|at present
soon|shortly
often|frequently
usually|normally
also|as well
maybe|perhaps
about|regarding
because|since
but|however
please|kindly
hi|hello|hey
thanks|thank you
can you|could you
can i|could i|may i
i want to|i would like to|i'd like to
i am|i'm
it is|it's
do not|don't
did not|didn't
can not|cannot|can't
"""

_CHINESE = """
帮我|替我|给我
想要|想
怎么|如何|怎样
什么时候|何时
为什么|为何
现在|目前
立刻|马上|立即
购买|买
客服|客服人员
快递|包裹
价格|价钱
多少钱|什么价格
酒店|宾馆
飞机票|机票
火车票|车票
电影|影片
歌|歌曲
手机|移动电话
查询|查一下
预订|订
修改|更改
取消|撤销
可以|能
是否|是不是
谢谢|感谢
你好|您好
请问|想问一下
打开|开启
关闭|关掉
附近|周围
"""


def _table(lines: str) -> dict[str, tuple[str, ...]]:
    groups = [line.split("|") for line in lines.split("\n") if line]
    found: dict[str, dict[str, None]] = {}
    for group in groups:
        for word in group:
            found.setdefault(word, {}).update(dict.fromkeys(other for other in group if other != word))
    return {word: tuple(others) for word, others in found.items()}


_TABLE = _table(_ENGLISH + _CHINESE)


def _pattern(lines: str, edge: str) -> str:
    words = sorted(_table(lines), key=len, reverse=True)
    return f"{edge}(?:{'|'.join(map(re.escape, words))}){edge}"


#: The longest first, so that a part of a phrase is not taken for a word; Chinese has no edges of words.
_WORDS = re.compile(rf"{_pattern(_ENGLISH, chr(92) + 'b')}|{_pattern(_CHINESE, '')}", re.IGNORECASE)


def synonyms(text: str, spans: Sequence[Entity], rng: np.random.Generator, strength: float) -> list[Edit]:
    """Another word in place of a share of those that the table holds, at least of one; what is in a span stays as it is.

    Args:
        text: What is changed.
        spans: Of it.
        rng: Where the choices come from.
        strength: The share.
    """
    edits = [_replaced(match, rng) for match in _WORDS.finditer(text)]
    free = [edit for edit in edits if outside(edit, spans)]
    if not free:
        return []
    chosen = rng.permutation(len(free))[: max(1, round(strength * len(free)))]
    return [free[number] for number in chosen.tolist()]


def _replaced(match: re.Match[str], rng: np.random.Generator) -> Edit:
    word = match.group()
    others = _TABLE[word.lower()]
    other = others[int(rng.integers(len(others)))]
    return Edit(match.start(), match.end(), other[0].upper() + other[1:] if word[0].isupper() else other)
