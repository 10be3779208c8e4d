"""A customer who may harm himself: to be answered with care, and by a person."""

from __future__ import annotations

from shared.dialogue.guards.rules import Rules, broken, one_form, rules

RULES: Rules = rules(
    intent=(
        r"\b(?:kill|killing|hurt|hurting|harm|harming|cut|cutting|hang|hanging|drown|drowning|shoot|shooting|starve|poison)\s(?:myself|me\smyself)\b(?!\s(?:some|a|out|off|short|down))",
        r"\b(?:want|wanna|going|gonna|wish|like|ready|plan|planning|rather|about|hope)\b(?:\sto)?\s(?:die|be\sdead|end\smy\s(?:own\s)?life|take\smy\s(?:own\s)?life|end\sit\sall|jump\soff|disappear\sforever)\b",
        r"\b(?:end|ending|take|taking|took)\s(?:my\s(?:own\s)?life|it\sall)\b(?!\s(?:back|away|to|with|for|in|out|off|and))",
        r"\b(?:do\snot|don't|dont|no\slonger|not)\s(?:want|wanna|wish)\s?(?:to)?\s(?:live|be\salive|exist|wake\sup)\b(?!\s(?:in|at|with|near|here|there|on|by|together))",
        r"\bi\s(?:wish|wished)\si\s(?:was|were|had)\s(?:dead|never\s(?:been\s)?born|not\salive)\b",
        r"\b(?:commit|committing|committed|attempt|attempted|thoughts?\sof|think\sof|thinking\s(?:of|about)|tried)\s(?:\w{1,8}\s)?suicide\b",
        r"\b(?:i\sam|i'm|im|i\sfeel|feeling|been)\s(?:\w{1,8}\s)?suicidal\b",
        r"\b(?:all\s(?:my|the|of\smy)|too\smany)\s(?:pills|tablets|sleeping\spills)\b",
        r"\b(?:jump|jumping)\s(?:off|from|out\sof)\s(?:a|the|my|this)\s(?:bridge|roof|building|window|balcony)\b",
        r"(?:^|[,.!?]\s)kms(?:\W|$)",
        r"(?:^|[,。!?\s]|我|想|要|打算|试图|企图|准备|去|又|一直在|老是|总是)(?:想|要|打算|试图|企图|准备|去)?(?:自杀|自殺|轻生|自残|割腕|上吊|跳楼|跳河|寻死)(?!的?(?:书|小说|故事|者|女|人物|因果|喝)|喝|来|吧|啊)",
        r"(?:自杀|自殺|轻生|自残)的?(?:念头|想法|冲动|计划)",
        r"(?:不想|不愿|没法|无法)(?:再|继续)?(?:活|生活)(?:了|下去|着)|活(?:不|下)下?去了(?!.{0,4}怎么)",
        r"(?<![的得])(?:想(?:要|去|着)?|打算(?:去)?|干脆去?|(?:^|[,。!])我要(?:去)?)死(?!.{0,3}(?:心|机|磕|守|循环|活|你))",
        r"(?:想|要|打算|准备|干脆)(?:要|去|着)?(?:结束(?:自己的?)?(?:生命|人生|一切)|离开(?:这个)?(?:世界|人世)|了结(?:自己|生命))(?!我了)",
        r"(?:想|要|会|打算|在|又)(?:伤害|了结|结束|杀)(?:了|掉|我)?自己(?!的(?:权益|利益|账户|感情|名声))",
        r"(?:不如|真想)死(?:了|掉)(?:算了|好|吧)?|一了百了",
        r"从{near}(?:楼|桥|窗).{0,3}跳",
        r"(?:全部|所有|一整瓶|整瓶|很多)的?(?:安眠药|药片|药)(?:都)?(?:吃|吞)|(?:吃|吞)(?:掉|下|了)?(?:全部|所有|一整瓶|整瓶)的?(?:安眠)?药",
    ),
    despair=(
        r"\b(?:no\sreason|nothing\sleft|no\spoint)\b{gap}\b(?:to\slive|go\son\sliving|(?:in|to)\sliv(?:e|ing)|keep\sliving)\b",
        r"\blife\b\s(?:is|isn't|has|does\snot|doesn't)\s(?:\w{1,8}\s){0,2}(?:not\sworth|worth\s(?:living|it)|meaningless|pointless|no\smeaning)\b",
        r"\b(?:better\soff|happier)\s(?:without\sme|if\si\s(?:was|were)\s(?:dead|gone))\b(?!\s(?:as\sa|on))",
        r"\b(?:nobody|no\sone|noone)\b{gap}\b(?:miss|care|notice)\b{gap}\b(?:if\si|when\si|i'm|i\sam)\b{gap}\b(?:gone|dead|die|died)\b",
        r"\b(?:my\slife|everything)\b{gap}\b(?:to\sbe\sover|over\sfor\sgood)\b|\bto\sbe\sover\b{gap}\bmy\slife\b",
        r"(?:活着|人生|生命|生活)(?:已经|真的|也|都)?(?:没有?(?:什么|任何)?(?:意思|意义|希望)|没劲透)",
        r"没有我{near}(?:更好|轻松|开心)",
    ),
)


def self_harm(text: str) -> str | None:
    """The rule that a text breaks, if a customer speaks of harming himself."""
    return broken(RULES, one_form(text))
