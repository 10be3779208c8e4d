"""Swear words and insults, English and Chinese."""

from __future__ import annotations

from shared.dialogue.guards.rules import Rules, broken, one_form, rules, undisguised

RULES: Rules = rules(
    obscenity=(
        r"\b(?:mother)?f(?:u|\*|@|_|v){1,2}(?:c|\*|k){1,3}k?(?:s|ed|er|ers|ing|in|in'|face|wit|tard|off)?\b(?<!\bfu)(?<!\bfk)",
        r"\bf\*{2,4}(?:k|ing|ed|er)?(?!\w)",
        r"\b(?:bull|horse|dip|ape)?sh(?:i|!|\*|1)t(?:s|ty|tier|tiest|ted|ting|show|hole|head|bag)?\b",
        r"\b(?:ass|arse)(?:es|hole|holes|hat|hats|wipe)\b|\bass\b(?=\W*$)|\b(?:kiss|my|your|dumb|kick)[\s-](?:my\s|your\s)?ass\b",
        r"\b(?:bitch(?:es|ing|y)?|bastards?|cunts?|twats?|wankers?|dick(?:head|heads|s)|pricks?|whores?|sluts?|douche(?:bag|bags|s)?|cocksuckers?|bollocks|pissed\soff|piss\soff)\b",
        r"\bcrap(?:py|s)?\b|\bgoddam(?:n|ned|mit)\b|\b(?:wtf|stfu|gtfo)\b",
        r"\bgo\sto\shell\b|\bscrew\syou\b",
        r"他妈的?|他娘的|[草操艹肏日干]你(?:妈|娘|大爷|全家)|草泥马|尼玛|去你(?:妈|大爷)的?|(?:^|[^妈])妈的(?=[,,。!!\s]|$)|(?:^|[,,。!!\s])妈的",
        r"[傻煞沙][逼比屄币笔叉]|(?<![a-z])[sS][bB](?=[客服机器玩们你吧啊,,。!!\s]|$)|(?<![a-z])tmd(?![a-z])|(?<![a-z])nmsl(?![a-z])|(?<![a-z])cnm(?![a-z])",
        r"狗屁|放屁|[装牛]逼(?!真)|狗[娘日]养?的|婊子|贱人|贱货|鸡巴|几把",
    ),
    insult=(
        r"\b(?:idiots?|morons?|imbeciles?|retards?|retarded|dumbass|dumbasses|scumbags?|dimwits?)\b",
        r"\b(?:you(?:'re|\sare)?|you\s(?:bunch\sof\s)?)\s?(?:all\s|so\s|just\s|a\s|an\s|such\s){0,3}(?:stupid|dumb|pathetic|worthless|brainless)\b",
        r"混蛋|王八蛋?|滚蛋|滚(?:开|吧|出去)|(?:^|[,,。!!\s])滚(?=[,,。!!\s]|$)|白痴|脑残|弱智|智障|蠢货|蠢猪|废物|人渣|畜生|垃圾东西|去死|不要脸",
    ),
)


def profanity(text: str) -> str | None:
    """The rule that a text breaks, if it swears or insults."""
    form = one_form(text)
    return broken(RULES, form) or (broken(RULES, clear) if (clear := undisguised(form)) != form else None)
