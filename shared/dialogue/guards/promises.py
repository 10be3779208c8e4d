"""What only the team may promise: prices, discounts, refunds, things for free, guarantees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.dialogue.guards.rules import Rules, one_form, rules
from shared.dialogue.values.amounts import amounts
from shared.dialogue.values.found import Certainty

#: Of "We" and "I": who says "you will refund us" promises nothing.
_WE = r"\b(?:i|we|our\s(?:team|company)|the\s(?:shop|company|airline))(?:'ll|'ve|'m|'re)?(?:\s(?:will|have|has|can|could|am|are|shall|would|just|now|already|gladly|happily|personally|going\sto|able\sto)){0,4}\s"
_MONEY = r"(?:refund\w{0,3}|reimburs\w{1,4}|compensat\w{1,4}|credit(?:ed|ing)?|pa(?:y|id)\s(?:you\s)?back|repaid|repay|money\sback|return(?:ed)?\s(?:your|the)\smoney|transferred)"
_BESIDES_MONEY = r"(?:cancel(?:led|ed|ling)?|waive[ds]?|remove[ds]?|drop(?:ped)?|replac(?:e|ed|ing)|upgrade[ds]?)"

RULES: Rules = rules(
    refund=(
        _WE + r"{gap}\b" + _MONEY + r"\b",
        r"\b(?:your|the)\s(?:refund|claim|compensation|reimbursement|request)\b\s(?:\w{1,9}\s){0,3}(?:approved|accepted|granted|confirmed|on\sits\sway|processed|issued|paid)\b",
        r"\byou\s(?:are|will\sbe|have\sbeen|get|will\sget|will\sreceive|'ll\sget|receive)\b{gap}\b(?:refund(?:ed)?|reimbursed|compensated|compensation|money\sback|voucher|credit)\b",
        r"\byou\sget\syour\smoney\sback\b|\bthe\smoney\sis\s(?:already\s)?(?:on|in|back)\b",
        r"(?:我|我们|公司)?(?:已经?|会|将|可以|马上|立即)?(?:为您|给您|帮您|向您)?(?:全额|部分)?(?:退款|赔偿|赔付|补偿|退还|退给)(?:您|给您|了|{near}[\d一二三四五六七八九十百千万两]+\s?[元块])",
        r"(?:退款|赔偿|理赔|申请)(?:已经?|已获)(?:批准|通过|同意|处理|到账)",
        r"(?:已经?|会|将)(?:为|给|帮)(?:您|你){near}(?:退款|赔偿|补偿|退还)",
        r"(?:钱|款项?|退款)(?:已经?|会|将){near}(?:退|打|转|汇)(?:到|回|给|至)",
    ),
    discount=(
        r"\b\d{1,3}(?:\.\d{1,2})?\s?(?:%|percent|per\scent)\s(?:\w{1,9}\s){0,2}(?:off|discount|reduction|cheaper|less)\b",
        r"\b(?:discount|reduction)\s(?:\w{1,9}\s){0,2}\d{1,3}\s?(?:%|percent)",
        r"\b(?:twenty|ten|thirty|fifty|forty|half)[\s-](?:percent\soff|price)\b",
        r"\b(?:use|with)\sthe\s(?:code|coupon|voucher)\b",
        r"\byou(?:'ll|\swill)?\s(?:get|receive)\b{gap}\b(?:voucher|coupon|discount|gift\scard)\b",
        r"打\s?[一二三四五六七八九\d.]{1,3}\s?折|半价|(?:优惠|折扣){near}[\d一二三四五六七八九十]+\s?(?:%|折|元|块)|(?:获得|送您|赠送|得到){near}(?:代金券|优惠券|红包|礼品卡)",
    ),
    free=(
        r"\b(?:free\sof\scharge|at\sno\s(?:extra\s|additional\s)?(?:cost|charge)|for\sfree|on\sthe\shouse|is\son\sus)\b",
        r"\b(?:get|receive|have|give\syou|offer\syou|send\syou)\b{gap}\bfree\s(?!to\b|of\b(?!\scharge)|time|day|seats?\b)\w{3,12}\b",
        r"\byou\s(?:do\snot|don't|won't|will\snot)\s(?:have\sto|need\sto)?\s?pay\b",
        _WE + r"{gap}\b" + _BESIDES_MONEY + r"\b{gap}\b(?:fee|fees|charge|charges|cost|costs|penalty)\b",
        _WE + r"{gap}\breplac\w{1,3}\b{gap}\bno\scost\b",
        r"(?:对您|为您|给您|全部|完全)?免费(?:送|赠|提供|升级|住宿|更换|给|。|$)|(?:送|赠送?)您{near}免费|(?:手续费|费用|运费|罚金|服务费){near}(?:免除|减免|全免|由我们承担|我们承担)|不用付(?:任何)?(?:钱|费用)|无需(?:支付|付费)",
    ),
    guarantee=(
        r"\b(?:i|we)\s(?:\w{1,10}\s){0,2}(?:guarantee|promise|commit|swear|assure\syou)\b(?!\s(?:of\s)?(?:privacy|your\sprivacy))",
        r"\bmake\ssure\s(?:that\s)?you\sget\b{gap}\bback\b|\bconsider\sit\sdone\b|\byou\s(?:are|'re)\sentitled\sto\b",
        r"(?:我们?|本店|公司)?(?:向您)?(?:保证|承诺|担保)(?!金)",
    ),
)

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*|[一二两三四五六七八九十百千万]+(?=[元块折天])")


@dataclass(frozen=True, slots=True)
class Promise:
    """What a sentence promises: the rule, and the words (in small letters) that must be known for it to be no promise of its own."""

    rule: str
    words: str
    numbers: tuple[str, ...]


def promises(sentence: str) -> Iterator[Promise]:
    """What one sentence promises."""
    form = one_form(sentence)
    numbers = tuple(numbers_in(form))
    for name, rule in RULES.items():
        if (match := rule.search(form)) is not None:
            yield Promise(name, " ".join(match[0].casefold().split()), numbers)
    for found in amounts(form):
        if found.certainty is not Certainty.ANSWER:
            yield Promise("price", "", tuple(numbers_in(found.value)) or (found.value.casefold(),))


def numbers_in(text: str) -> list[str]:
    """The numbers of a text as two are compared: 1,250.00 and 1250 are one."""
    return [_plain(one) for one in _NUMBER.findall(text)]


def _plain(written: str) -> str:
    plain = written.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
