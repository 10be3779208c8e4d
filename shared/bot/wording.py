"""What every bot says and understands beside its answers; all of it can be reworded in the bot file."""

from __future__ import annotations

from pydantic import Field

from shared.bot.parts import Labels, Language, Part, Phrases, SomeTexts

_YES = (
    "yes, yep, yeah, yup, yess, y, ok, okay, correct, right, sure, sure thing, exactly, absolutely, definitely, perfect, great, fine, alright, "
    "all right, all good, looks good, sounds good, that's right, thats right, go ahead, go on, do it, book it, please do, "
    "confirm, confirmed, of course, thumbs up, ok hand, 是, 是的, 好, 好的, 对, 对的, 可以, 没错, 行, 确认, 当然"
)
_NO = (
    "no, nope, nah, wrong, no thanks, no wait, don't, dont, don't do it, do not, not now, maybe later, rather not, thumbs down, 不, 不是, 不对, "
    "不要, 不用, 不行, 错了"
)
_CANCEL = (
    "cancel, stop, abort, quit, exit, end, nevermind, never mind, forget it, forget about it, leave it, drop it, scrap it, scrap that, "
    "don't bother, start over, start again, start anew, begin again, restart, from the beginning, changed my mind, call it off, not interested, "
    "don't want it anymore, don't want it any more, don't want this anymore, don't want that anymore, don't want to anymore, no longer want, "
    "no longer need, no longer needed, rather keep it, want to keep it, keep my order, keep my booking, keep the order, keep the booking, 取消, 算了, 停止, 退出, 重新开始, 不办了, 不想要了"
)
_NO_PREFERENCE = (
    "any, anything, none, whatever, whichever, no preference, any is fine, any of them, doesn't matter, does not matter, don't mind, do not mind, "
    "don't care, do not care, no favourite, not fussy, not picky, not bothered, i'm flexible, i'm easy, all the same to me, any one, any will do, cheapest, "
    "the cheapest, whatever is, whatever's, whichever is, whichever's, you choose, you decide, you pick, whatever you, whichever you, up to you, your choice, surprise me, 无所谓, 随便, 都可以, 都行"
)
_RESUME = (
    "back to the bot, talk to the bot, go on with the bot, continue with the bot, carry on with the bot, the bot is fine, wrong button, wrong click, "
    "by mistake, by accident, my mistake, sorry it was a mistake, was a mistake sorry, no need for a person, no person needed, i can go on, i don't need a person, 转回机器人, 不用人工, 按错了"
)


_HELP = "help, help me, i need help, what do you mean, i don't understand, i don't get it, 帮助, 帮帮我, 什么意思"


def phrases(listed: str) -> tuple[str, ...]:
    """Phrases from a list with commas."""
    return tuple(phrase.strip() for phrase in listed.split(","))


_OTHERS = (
    "something else, anything else, something different, anything different, other ones, others, another one, another, show me more, "
    "none of these, none of those, none of them, not that, not that one, not those, not these, not this one, not this, don't like, do not like, "
    "换一个, 换一批, 别的, 其他的, 都不要, 不喜欢, 不要这个"
)


class Signal(Part):
    """How a customer says something that steers the dialogue.

    Attributes:
        intents: Intents that mean it.
        words: Phrases that mean it whatever the model says. One word must be the whole message; several words may
            stand anywhere in it.
    """

    intents: Labels = ()
    words: Phrases = ()


class Control(Part):
    """What steers a dialogue; the words are English unless the file brings its own."""

    yes: Signal = Signal(intents=("affirm",), words=phrases(_YES))
    no: Signal = Signal(intents=("deny",), words=phrases(_NO))
    values: Signal = Signal(intents=("inform",))
    """Bare values: "Lufthansa", "to Rome instead"."""
    cancel: Signal = Signal(words=phrases(_CANCEL))
    no_preference: Signal = Signal(words=phrases(_NO_PREFERENCE))
    help: Signal = Signal(words=phrases(_HELP))
    """Said in a flow: the question again, and the offer of a person."""
    resume: Signal = Signal(words=phrases(_RESUME))
    """Said after a hand-over: the customer wants the bot back."""
    others: Signal = Signal(words=phrases(_OTHERS))
    """Said of items that were offered: others are wanted."""
    first: Signal = Signal(words=phrases("1, first, the first, first one, the former"))
    second: Signal = Signal(words=phrases("2, second, the second, second one, the latter, the last one"))


class Wording(Part):
    """Texts of the dialogue itself. The placeholders that each may use stand in ``docs/bot-file.md``."""

    back: SomeTexts = ("Back to {flow}: {question}",)
    cancelled: SomeTexts = ("All right, I have stopped {flow}. What else can I do for you?",)
    change: SomeTexts = ("What should I change?",)
    which: SomeTexts = ("Which one: {values}?",)
    waiting: SomeTexts = ("Take your time. {question}",)
    repeat: SomeTexts = ("Sorry, I did not get that. {question}",)
    stuck: SomeTexts = (
        "Sorry, we seem to be stuck. Shall I ask a colleague to take over? Or say “never mind” to stop. {question}",
    )
    resumed: SomeTexts = ("All right, I am back. {question}",)
    source: SomeTexts = ("{answer} (Source: {source})",)
    noted: SomeTexts = ("Thank you, I have noted {values}.",)
    picture: SomeTexts = ("Thank you for the picture. What can I do for you?",)
    picture_values: SomeTexts = ("In your picture I read {values}. Is that right?",)
    offer: SomeTexts = ("What about one of these?\n{items}",)
    offer_picked: SomeTexts = ("{item}: a good choice.",)
    offer_nothing: SomeTexts = ("I am sorry, I have nothing else that fits.",)
    other_language: dict[Language, SomeTexts] = Field(default_factory=dict)
    """By language: said to a customer who writes in a language that the bot does not know."""


class Fallback(Part):
    """What is said when nothing was understood; ``{first}`` and ``{second}`` are the titles of the likeliest intents."""

    offer_two: SomeTexts = ("I am not sure what you mean. Is it “{first}” or “{second}”?",)
    offer_one: SomeTexts = ("I am not sure what you mean. Is it “{first}”?",)
    rephrase: SomeTexts = ("Sorry, I did not understand that. Could you say it in other words?",)
