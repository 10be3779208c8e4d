"""Reasons of explanations in the language of whoever asks.

The policy tells them in English (``shared.dialogue.judging``), with names of the bot file in them; a test holds that every sentence of it stands here. What
names a step of an answer that was written, such as ``grounded: …``, is code and stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal

Language = Literal["en", "zh"]

#: English sentence with the places of names, and the Chinese one.
CHINESE: Mapping[str, str] = {
    "the customer wants the bot back": "客户希望由机器人继续服务",
    "the words do not ask for the bot": "这些话没有要求机器人回来",
    "no person has the conversation": "对话没有由人工接管",
    "a person has the conversation": "对话由人工接管",
    "the customer may harm himself": "客户可能伤害自己",
    "nothing speaks of self-harm": "没有自我伤害的迹象",
    "the guard {guard} blocks it by its rule {rule}": "护栏 {guard} 按规则 {rule} 拦截",
    "what guards saw is only noted: {noted}": "护栏发现的内容仅作记录：{noted}",
    "no guard sees anything": "没有护栏发现问题",
    "the customer asks for a person": "客户要求人工服务",
    "the customer does not surely ask for a person": "不能确定客户要求人工服务",
    "too many negative messages in a row": "连续的负面消息过多",
    "the model tells no sentiment": "模型不判断情感",
    "the message is {sentiment}": "消息的情感为 {sentiment}",
    "the message is not surely negative": "不能确定消息是负面的",
    "not enough negative messages in a row": "连续的负面消息还不够多",
    "many customers are angry about this just now": "目前许多客户对此不满",
    "the conversation has begun before": "对话此前已经开始",
    "the bot file hands nothing over in a surge": "机器人文件在投诉激增时不转人工",
    "no alert fires on what the customer wants": "客户的诉求没有触发警报",
    "the customer chose one of the items that were offered": "客户选择了所推荐的商品之一",
    "no item is chosen": "没有选择商品",
    "no items were offered": "没有推荐过商品",
    "the customer wants other items than those that were offered": "客户想要其他商品",
    "no others are asked for": "没有要求其他商品",
    "the intent {intent} has items offered by {action}": "意图 {intent} 由 {action} 推荐商品",
    "the message asks for nothing to be offered": "消息没有要求推荐",
    "the customer says whether what was read in the picture is right": "客户说明了图片中识别的内容是否正确",
    "the message does not say whether it is right": "消息没有说明内容是否正确",
    "nothing read in a picture waits for a yes": "没有等待确认的图片内容",
    "no flow is under way": "没有进行中的流程",
    "the message belongs to the flow {flow}": "消息属于流程 {flow}",
    "the message is not for the flow {flow}": "消息不属于流程 {flow}",
    "the message asks on about {topic}": "消息继续询问 {topic}",
    "a flow is under way": "有流程正在进行",
    "there is no topic yet": "还没有话题",
    "the message names its own matter": "消息说明了自己的事项",
    "the message is about something else than {topic}": "消息与 {topic} 无关",
    "the message has {count} clauses that want something of their own": "消息中有 {count} 个各有诉求的分句",
    "the message is a single clause": "消息只有一个分句",
    "too few clauses surely want something of their own": "能确定各有诉求的分句太少",
    "the bot does not know the language {language}": "机器人不懂语言 {language}",
    "the language ({language}) is no obstacle": "语言（{language}）不是障碍",
    "the intent is sure all the same": "意图仍然可以确定",
    "the customer chose {choice} from the offer": "客户从选项中选择了 {choice}",
    "the model tells no intent": "模型不判断意图",
    "the intent is {intent}": "意图为 {intent}",
    "the message belongs to no intent": "消息不属于任何意图",
    "no intent is sure enough; the likeliest is {intent}": "没有足够确定的意图；最可能的是 {intent}",
    "the bot file knows no intent {intent}": "机器人文件中没有意图 {intent}",
    "{intent} does not interrupt the flow {flow}": "{intent} 不会打断流程 {flow}",
    "the knowledge pair {pair} says more than {intent}": "知识条目 {pair} 比 {intent} 更能回答",
    "the bot file has neither a flow nor an answer for {intent}": "机器人文件中没有 {intent} 的流程或回答",
    "the bot file has no knowledge to look into": "机器人文件中没有可查的知识",
    "the knowledge pair {pair} fits": "知识条目 {pair} 符合",
    "the flow {flow} is not interrupted by questions": "流程 {flow} 不会被问题打断",
    "no knowledge pair is near enough; the nearest is {pair}": "没有足够接近的知识条目；最接近的是 {pair}",
    "the message is a bare value for {topic}": "消息只是 {topic} 的一个值",
    "the message is no bare value for the topic": "消息不是该话题的值",
    "nothing else fits, so the flow {flow} takes the message or asks again": "没有其他匹配，由流程 {flow} 接收消息或再次询问",
    "nothing of the bot file answers": "机器人文件中没有可用的回答",
    "a document answers": "由文档回答",
    "a language model answers": "由语言模型回答",
}

_PLACE = re.compile(r"\\{(\w+)\\}")


def worded(reason: str, language: Language) -> str:
    """A reason in a language; sentences that nobody has translated stay as they are."""
    if language == "en":
        return reason
    if (whole := _chinese(reason)) is not None:
        return whole
    steps = reason.split("; ")
    return "；".join(_chinese(step) or step for step in steps)


def _chinese(sentence: str) -> str | None:
    for pattern, chinese in _patterns():
        if match := pattern.fullmatch(sentence):
            return chinese.format(**match.groupdict())
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those with fewer places first: what stands there word by word is no name."""
    by_places = sorted(CHINESE.items(), key=lambda pair: pair[0].count("{"))
    return tuple(
        (re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(english)), re.DOTALL), chinese)
        for english, chinese in by_places
    )


def preferred(accepted: str) -> Language:
    """The first language of an ``Accept-Language`` header that there is; without one English."""
    names = (item.partition(";")[0].strip().lower() for item in accepted.split(","))
    known: tuple[Language, ...] = ("en", "zh")
    return next((language for name in names for language in known if name.partition("-")[0] == language), "en")
