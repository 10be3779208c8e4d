"""What every bot says and understands beside its answers; all of it can be reworded in the bot file."""

from __future__ import annotations

from pydantic import Field

from shared.bot.parts import Labels, Language, Part, Phrases, SomeTexts


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

    yes: Signal = Signal(
        intents=("affirm",),
        words=(
            *(
                "yes",
                "yep",
                "yeah",
                "ok",
                "okay",
                "correct",
                "right",
                "sure",
                "exactly",
                "that's right",
                "thumbs up",
                "ok hand",
            ),
            *(
                "go ahead",
                "do it",
                "please do",
                "sounds good",
                "of course",
                "是",
                "是的",
                "好",
                "好的",
                "对",
                "对的",
                "可以",
                "没错",
                "行",
            ),
        ),
    )
    no: Signal = Signal(
        intents=("deny",),
        words=("no", "nope", "nah", "wrong", "no thanks", "thumbs down", "不", "不是", "不对", "不要", "不用", "错了"),
    )
    values: Signal = Signal(intents=("inform",))
    """Bare values: "Lufthansa", "to Rome instead"."""
    cancel: Signal = Signal(
        words=(
            *(
                "cancel",
                "stop",
                "abort",
                "quit",
                "exit",
                "end",
                "nevermind",
                "never mind",
                "forget it",
                "forget about it",
                "leave it",
            ),
            *(
                "start over",
                "start again",
                "start anew",
                "begin again",
                "restart",
                "from the beginning",
                "drop it",
                "don't bother",
            ),
            *("取消", "算了", "停止", "退出", "重新开始", "不办了"),
        )
    )
    no_preference: Signal = Signal(
        words=(
            *("any", "anything", "none", "whatever", "whichever", "no preference", "any is fine", "any of them"),
            *("doesn't matter", "does not matter", "don't mind", "do not mind", "don't care", "do not care"),
            *(
                "you choose",
                "you decide",
                "up to you",
                "your choice",
                "surprise me",
                "无所谓",
                "随便",
                "都可以",
                "都行",
            ),
        )
    )
    resume: Signal = Signal(
        words=(
            *(
                "back to the bot",
                "talk to the bot",
                "go on with the bot",
                "continue with the bot",
                "wrong button",
                "by mistake",
                "my mistake",
            ),
            *(
                "no need for a person",
                "no person needed",
                "i can go on",
                "i don't need a person",
                "转回机器人",
                "不用人工",
                "按错了",
            ),
        )
    )
    """Said after a hand-over: the customer wants the bot back."""
    first: Signal = Signal(words=("1", "first", "the first", "first one", "the former"))
    second: Signal = Signal(words=("2", "second", "the second", "second one", "the latter", "the last one"))


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
    other_language: dict[Language, SomeTexts] = Field(default_factory=dict)
    """By language: said to a customer who writes in a language that the bot does not know."""


class Fallback(Part):
    """What is said when nothing was understood; ``{first}`` and ``{second}`` are the titles of the likeliest intents."""

    offer_two: SomeTexts = ("I am not sure what you mean. Is it “{first}” or “{second}”?",)
    offer_one: SomeTexts = ("I am not sure what you mean. Is it “{first}”?",)
    rephrase: SomeTexts = ("Sorry, I did not understand that. Could you say it in other words?",)
