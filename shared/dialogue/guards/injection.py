"""Words that are meant for a language model and not for a bot: orders to leave its instructions, to show them, to be somebody else."""

from __future__ import annotations

from shared.dialogue.guards.rules import Rules, broken, one_form, rules, undisguised

_INSTRUCTIONS = r"(?:instructions?|prompts?|rules?|directions?|guidelines?|constraints?|restrictions?|programming|configuration|polic(?:y|ies)|filters?)"
_TOLD = r"(?:above|previous|prior|earlier|preceding|initial|original|hidden|secret|internal|system|developer(?:'?s)?|your|their)"
_NO_LIMITS = (
    r"(?:unrestricted|unfiltered|uncensored|unlimited|jailbroken|jailbreak|dan|rogue|evil|"
    r"(?:without|with no|has no|had no|have no|ignores?|no)\s(?:\w{1,12}\s){0,2}(?:rules?|limits?|limitations?|restrictions?|filters?|policy|policies|makers|guidelines|boundaries))\b"
)
_MODES = r"(?:developer|debug|god|dan|jailbreak|admin|sudo|maintenance|root|unrestricted)"
_ORDERS = r"(?:指令|指示|提示词?|规则|规定|设定|限制|约束|要求|命令|政策|程序)"

RULES: Rules = rules(
    override=(
        r"\b(?:ignore|disregard|forget|override|bypass|drop|skip|erase|discard|abandon|set aside)\b{gap}\b"
        + _TOLD
        + r"\b{gap}\b"
        + _INSTRUCTIONS
        + r"\b",
        r"\b(?:ignore|disregard|forget|pay no attention to)\b\s(?:all\s|everything\s|anything\s|what\s){1,2}(?:\w{1,12}\s){0,3}(?:above|before|told|said|instructed)\b",
        r"\b(?:stop|quit|no longer|not|don't|never|need not|without)\b\s(?:\w{1,8}\s){0,3}(?:follow|following|obey|obeying|comply with|complying with)\b{gap}\b"
        + _INSTRUCTIONS
        + r"\b",
        r"\b"
        + _TOLD
        + r"\s(?:\w{1,12}\s)?"
        + _INSTRUCTIONS
        + r"\b{gap}\b(?:cancelled|canceled|void|no longer appl|do not apply|don't apply|never existed|were a test|are over|is over)",
        r"\b(?:following|new|these)\s(?:instructions?|rules?|orders?)\b{gap}\b(?:replaces?|overrides?|supersedes?)\b",
        r"(?:^|[.!\n]\s{0,3})new\s(?:rules?|instructions?|polic(?:y|ies))\s?:",
        r"(?:忽略|无视|無視|忘记|忘掉|不要理会|不要管|不理会|跳过|绕过|放下|抛开|清空|删除|解除|取消|推翻){near}(?:之前|以上|上面|前面|先前|所有|全部|系统|系統|原来|你的|你们的|开发者){near}"
        + _ORDERS,
        r"把?(?:你的|你所有的|前面的|之前的|以上的?){near}" + _ORDERS + r"{near}(?:忘|忽略|解除|作废|删除|清空|取消)",
        r"(?:不要|不用|不必|不再|别|无需|停止){near}(?:遵守|遵循|服从|按照|执行){near}" + _ORDERS,
        r"(?:以上|之前|前面|先前)(?:的)?(?:所有)?" + _ORDERS + r"{near}(?:作废|无效|不再有效|取消|测试)",
        r"(?:下面|接下来|以下|新)的?" + _ORDERS + r"{near}(?:取代|替代|覆盖)",
        r"新" + _ORDERS + r"\s?[::]",
        r"(?:从今以后|从现在起|从现在开始)[,,]?{near}(?:必须|都要|只)?(?:服从|听我的|听从我)",
    ),
    reveal=(
        (
            r"\b(?:reveal|show|print|repeat|output|tell|give|leak|display|disclose|share|read|translate|summari[sz]e|list|copy|write|spell|state|contains?|recite|dump|expose|see)\b{gap}"
            r"\b(?:system|initial|hidden|original|secret|internal|developer|whole|full|entire|exact)\s(?:\w{1,12}\s)?(?:prompts?|instructions?|messages?|configuration|rules|words)\b"
        ),
        r"\b(?:reveal|show|print|repeat|output|leak|display|disclose|copy|translate|recite|list|tell|dump)\b(?:\sme|\sus|\sout|\sall|\severy){0,3}\s(?:of\s)?(?:your|the)\s(?:prompt|instructions|configuration|rules(?=\s(?:in|you|of your)))\b(?!\s(?:for|on|of\sthe|to))",
        r"\b(?:what|which)\b{gap}\b(?:your|the)\s(?:system|initial|hidden|secret|original)\s(?:prompt|instructions?|message)\b",
        r"\bwhat\s(?:were|was|are|have)\s(?:you|your developers)\b{gap}\b(?:told|instructed|programmed|given)\b{gap}\b(?:before|at the start|initially|to do|by your)\b",
        r"\b(?:print|repeat|output|copy)\b{gap}\b(?:text|everything|words|all)\b{gap}\b(?:above|before)\b",
        r"\b(?:rules|instructions|guidelines)\b{gap}\byou\s(?:were|are|have been|have)\s(?:given|programmed|told|built|trained)\b",
        r"\b(?:context\swindow|system\sprompt)\b",
        r"(?:显示|输出|告诉我|打印|泄露|重复|说出|公开|透露|写出|列出|发给我|给我看){near}(?:系统|系統|初始|隐藏|原始|内部|全部|你的|开发者|收到的){near}(?:提示词?|指令|设定|规则|配置|系统消息|prompt)",
        r"把(?:你的|系统|内部|隐藏的?|初始)?{near}(?:提示词|指令|系统消息|系统设定|配置){near}(?:给我|发给|输出|翻译|显示|说|写|公开)",
        r"(?:系统|系統|隐藏|初始|内部)的?(?:提示词|指令){near}(?:是什么|写了什么|有哪些|内容)",
        r"(?:开发者|对话开始前){near}(?:给你|告诉你|被告知){near}",
        r"(?:逐字|原样|一字不差){near}(?:重复|输出|复述){near}(?:指令|上面|以上|提示)",
        r"(?:上面|以上)的?(?:文字|内容|消息){near}(?:原样|逐字)",
        r"(?:包含|含有){near}(?:提示词|系统指令)",
    ),
    persona=(
        r"\byou\sare\s(?:now|no longer|not|going to)\b{gap}\b(?:dan|unrestricted|jailbroken|jailbreak|unfiltered|uncensored|ai|assistant|chatbot|bot|language model|bound by|servant|slave)\b",
        r"\b(?:pretend|act|role-?play|imagine|behave|answer|respond|simulate|play|speak|talk|story|switch|assume|stay)\b{gap}\b"
        + _NO_LIMITS,
        r"\b(?:pretend|act as|act like|role-?play as|assume the role|play the (?:part|role)|be my|you are going to act|imagine you(?:'re| are))\b{gap}\b(?:hacker|grandmother|grandma|owner|boss|terminal|shell|linux|filter is broken)\b",
        r"\bas\s(?:though|if)\syou\s(?:had|have)\sno\b",
        r"\bsimulate\sa\s(?:terminal|shell|console|model)\b",
        r"\bfrom\snow\son\s(?:you\s(?:are|will be|must|always|never)|your\sname)\b",
        r"\bgame\b{gap}\b(?:you\smust\ssay\syes|say\syes\sto)\b",
        r"\b(?:drop|without|remove|lift)\s(?:the|your|any|all)\s(?:filters?|censorship|content policy)\b",
        r"(?:你现在是|从现在(?:起|开始)[,,]?你(?:就)?是|扮演|假装|想象你|假设你){near}(?:没有|不受|无)(?:任何)?(?:限制|规则|约束|审查|束缚)",
        r"以{near}(?:没有|不受)(?:任何)?(?:限制|规则|约束|审查|束缚){near}(?:身份|口吻|方式)",
        r"(?:你现在是|你是|扮演|变成)\s?(?:dan|越狱|自由机器人)",
        r"从现在(?:起|开始)[,,]?你是{near}(?:从不拒绝|自由|不会拒绝)",
        r"(?:假设你是|扮演|想象你是|假装你是){near}(?:店主|老板|管理员|黑客|奶奶|外婆|开发者)",
        r"(?:你不再是|你不是){near}(?:客服|机器人|助手){near}(?:你是|只听)",
        r"(?:不听话|没有审查|不受控制|邪恶)的?(?:机器人|语言模型|ai|助手)",
        r"(?:对一切|对所有){near}说.{0,2}(?:是|好|可以)",
    ),
    mode=(
        r"\b" + _MODES + r"\s{1,8}mode\b(?:{gap}\b(?:enabled?|activated?|on|now|off)\b|$)",
        r"\b(?:enable|activate|enter|switch|turn\son|go\sinto|start)\b{gap}\b" + _MODES + r"\s{1,8}mode\b",
        r"(?:^|[.!?]\s)\s{0,3}sudo\b",
        r"\bjail-?break\b{gap}\b(?:free|you|now|mode|success)\b",
        r"\b(?:unlock|unleash)\b{gap}\b(?:full|true|real|hidden)\s(?:capabilit|potential|power|self)",
        r"\bunfiltered\s(?:persona|mode|self|version)\b",
        r"(?:进入|开启|启用|打开|切换到?|激活){near}(?:开发者|调试|越狱|上帝|管理员|维护|超级)模式",
        r"(?:开发者|调试|越狱|上帝|管理员)模式{near}(?:启用|开启|打开|激活)",
        r"越狱{near}(?:成功|自由|模式)",
    ),
    forged=(
        r"<\|(?:im_start|im_end|system|endoftext|begin_of_text|start_header_id)\|>",
        r"\[/?(?:inst|sys|system)\]|<</?sys>>|</?(?:system|prompt|instructions?)>",
        r"(?:^|\n)[ \t]{0,8}#{0,3}[ \t]{0,8}(?:system|assistant|new instructions?|instructions?)[ \t]{0,8}:",
        r"\bbegin\s(?:new\s)?instructions?\b",
        r"[\"']role[\"']\s?:\s?[\"'](?:system|assistant)[\"']",
        r"(?:^|\n)\s{0,8}[【\[]?系统(?:消息|提示|指令)?[】\]]?\s?[::]|【系统(?:消息|提示|指令)】",
    ),
    authority=(
        (
            r"\b(?:as|i am|i'm|this is)\s(?:your|the|an?)\s(?:developer|creator|administrator|admin|owner|engineer|maker|programmer|security\steam|system\sadministrator)\b{gap}\b"
            r"(?:order|command|ignore|show|print|disclose|obey|tell|reveal|override|instructions?|wrote\syou|built\syou)\b"
        ),
        r"\b(?:developer|company|engineers?|people)\b{gap}\b(?:built|made|wrote|programmed|trained)\syou\b{gap}\b(?:tell|show|print|prompt|instructions)\b",
        r"\bpermission\b{gap}\b(?:switch off|disable|ignore|bypass)\b{gap}\b" + _INSTRUCTIONS + r"\b",
        r"\byou\s(?:must|have to|will)\sobey\sme\b",
        r"我是{near}(?:开发者|管理员|创造者|安全部门|工程师|程序员){near}(?:[,,]{near})?(?:忽略|无视|显示|公开|输出|透露|命令|配置|提示词|指令)",
        r"(?:主人|开发者|公司){near}(?:允许|批准|授权){near}(?:关闭|忽略|跳过|解除){near}" + _ORDERS,
    ),
    dictation=(
        r"\brepeat\safter\sme\b",
        r"\b(?:say|repeat|write|reply|respond|answer|confirm)\b\s(?:\w{1,10}\s){0,2}(?:exactly|word for word|verbatim|in these words|only with|with only)\b(?!\swhat\s(?:happened|is))",
        r"\b(?:answer|reply|respond)\s(?:with\s)?(?:\"?yes\"?|\"?approved\"?|\"?ok\"?)\sonly\b|\breply\sonly\b",
        r"\b(?:your|every|each)\s(?:next\s)?(?:message|answer|reply|response|sentence)s?\s(?:must|should|has to|have to|will)\s(?:begin|start|end|contain|be)\b",
        r"\b(?:end|start|begin)\s(?:every|each|all|your)\s(?:of\syour\s)?(?:answers?|repl(?:y|ies)|messages?|responses?)\swith\b",
        r"\bwhatever\si\s(?:ask|say)\b{gap}\b(?:answer|say|reply|agree)\b",
        r"\bcomplete\s(?:the|this)\ssentence\b",
        r"(?:跟我|跟着我)(?:重复|念[::])|(?:请|你)跟我说[::]|(?:一字不差|原话)地?(?:说|重复|回复)",
        r"只(?:能|需|要)?(?:回复|回答|说)(?:这句话|这几个字|以下|[“\"「])",
        r"(?:无论|不管)我(?:问|说)什么{near}(?:都|回答|回复)",
        r"(?:下一条|每条|所有|每个)(?:消息|回复|回答){near}(?:必须|都要|要){near}(?:开头|开始|结尾|包含)",
    ),
    smuggled=(
        r"\b(?:decode|decrypt|base64|rot13|backwards|reversed?)\b{gap}\b(?:and|then)\s(?:\w{1,8}\s)?(?:follow|do|obey|execute|run)\b",
        r"\b(?:translate|read)\b{gap}\b(?:and|then)\s(?:then\s)?(?:do|follow|obey|execute)\s(?:what|it|them)\b",
        r"\bsnoitcurtsni\b",
        r"(?:解码|翻译|倒着读){near}(?:然后|并|再){near}(?:执行|照做|遵循)",
    ),
)


def injection(text: str) -> str | None:
    """The rule that a text breaks, if it speaks to a language model."""
    form = one_form(text)
    return broken(RULES, form) or (broken(RULES, clear) if (clear := undisguised(form)) != form else None)
