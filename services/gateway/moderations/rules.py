"""What rules can see in a text: ways to reach somebody, links, and words that are meant for a language model. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from shared.privacy.finding import find
from shared.text.normalisation import normalise

_LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|(?<![@\w.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|net|org|io|cn|co|info|biz|shop|top|xyz|me|ru|de|uk)\b(?:/\S*)?",
    re.IGNORECASE,
)

#: Each is an order that only a language model could follow: to leave its instructions, to show them, or to be somebody else.
_ORDERS = (
    # leave your instructions
    (
        r"\b(?:ignore|disregard|forget|override|bypass)\b{gap}\b(?:previous|prior|above|earlier|preceding|initial|system|your)\b{gap}"
        r"\b(?:instructions?|prompts?|rules|directions|guidelines|constraints|programming)\b"
    ),
    r"(?:忽略|无视|忘记|忘掉|不要理会|跳过){near}(?:之前|以上|上面|前面|先前|所有|系统|原来|你的){near}(?:指令|指示|提示词?|规则|设定|要求|命令)",
    # show them
    (
        r"\b(?:reveal|show|print|repeat|output|tell me|give me|leak|display)\b{gap}\b(?:system|initial|hidden|original|secret)\s{{1,8}}"
        r"(?:prompt|instructions?|message)\b"
    ),
    r"(?:显示|输出|告诉我|打印|泄露|重复|说出){near}(?:系统|初始|隐藏|原始)(?:的)?(?:提示词?|指令|设定|prompt)",
    # be somebody else
    r"\byou are (?:now|no longer)\b{gap}\b(?:dan|unrestricted|jailbroken|jailbreak|unfiltered|ai|assistant|chatbot|language model|bound by)\b",
    r"\b(?:developer|god|dan|jailbreak|admin|sudo)\s{{1,8}}mode\b{gap}\b(?:enabled?|activated?|on)\b",
    r"\b(?:enable|activate|enter)\b{gap}\b(?:developer|god|dan|jailbreak|sudo)\s{{1,8}}mode\b",
    r"(?:你现在是|从现在(?:起|开始),?你(?:就)?是){near}(?:没有(?:任何)?限制|不受(?:任何)?限制|dan|越狱)",
    r"(?:进入|开启|启用|打开){near}(?:开发者|越狱|上帝|管理员)模式",
    # signs that stand between the turns of a model's prompt
    r"<\|(?:im_start|im_end|system|endoftext|begin_of_text|start_header_id)\|>",
    r"\[/?(?:inst|sys|system)\]|<</?sys>>",
    r"(?:^|\n)[ \t]{{0,8}}#{{0,3}}[ \t]{{0,8}}(?:system|new instructions?)[ \t]{{0,8}}:",
)
_INJECTION = re.compile(
    "|".join(order.format(gap=r"[^.!?\n]{0,40}", near=r"[^。!?\n]{0,12}") for order in _ORDERS), re.IGNORECASE
)

RULES: Mapping[str, Callable[[str], bool]] = {
    "contacts": lambda text: bool(find(text)),
    "links": lambda text: _LINK.search(text) is not None,
    "prompt_injection": lambda text: _INJECTION.search(normalise(text).text) is not None,
}
"""Categories beside the convention's, with what sees them."""

HARMFUL_RULES = frozenset(("prompt_injection",))
"""Of these, what counts as harmful: a customer who leaves a phone number has done nothing wrong."""
