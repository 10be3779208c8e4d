"""What every bot says and understands beside its answers; all of it can be reworded in the bot file."""

from __future__ import annotations

from shared.bot.parts import Labels, Part, Phrases, SomeTexts


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

    yes: Signal = Signal(intents=("affirm",), words=("yes", "yep", "yeah", "ok", "okay", "correct", "right", "sure"))
    no: Signal = Signal(intents=("deny",), words=("no", "nope", "wrong"))
    values: Signal = Signal(intents=("inform",))
    """Bare values: "Lufthansa", "to Rome instead"."""
    cancel: Signal = Signal(
        words=("cancel", "stop", "abort", "nevermind", "never mind", "forget it", "forget about it", "leave it")
    )
    no_preference: Signal = Signal(
        words=(
            *("any", "anything", "none", "whatever", "whichever", "no preference", "any is fine", "any of them"),
            *("doesn't matter", "does not matter", "don't mind", "do not mind", "don't care", "do not care"),
            *(
                "you choose",
                "you decide",
                "you pick",
                "your choice",
                "up to you",
                "surprise me",
                "whatever you",
                "whichever you",
            ),
        )
    )
    wait: Signal = Signal(
        words=(
            *(
                "wait",
                "moment",
                "one moment",
                "a moment",
                "wait a second",
                "a second",
                "one second",
                "a sec",
                "one sec",
                "hold on",
            ),
            *(
                "hang on",
                "wait a minute",
                "just a minute",
                "one minute please",
                "give me a minute",
                "bear with me",
                "let me look",
            ),
            *("let me check", "let me think", "i will look it up", "i'll look it up", "i need to look"),
        )
    )
    """The customer needs time: the question stays, and no attempt is counted."""
    first: Signal = Signal(words=("1", "first", "the first", "first one", "the former"))
    second: Signal = Signal(words=("2", "second", "the second", "second one", "the latter", "the last one"))


class Wording(Part):
    """Texts of the dialogue itself. The placeholders that each may use stand in ``docs/bot-file.md``."""

    back: SomeTexts = ("Back to {flow}: {question}",)
    cancelled: SomeTexts = ("All right, I have stopped {flow}. What else can I do for you?",)
    change: SomeTexts = ("What should I change?",)
    repeat: SomeTexts = ("Sorry, I did not get that. {question}",)
    stuck: SomeTexts = (
        "Sorry, we seem to be stuck. Shall I ask a colleague to take over? Or say “never mind” to stop. {question}",
    )
    waiting: SomeTexts = ("Take your time. {question}",)
    which: SomeTexts = ("Which one: {values}?",)
    source: SomeTexts = ("{answer} (Source: {source})",)


class Fallback(Part):
    """What is said when nothing was understood; ``{first}`` and ``{second}`` are the titles of the likeliest intents."""

    offer_two: SomeTexts = ("I am not sure what you mean. Is it “{first}” or “{second}”?",)
    offer_one: SomeTexts = ("I am not sure what you mean. Is it “{first}”?",)
    rephrase: SomeTexts = ("Sorry, I did not understand that. Could you say it in other words?",)
