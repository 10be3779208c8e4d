"""What takes effect only once two people agree to it."""

from __future__ import annotations

from shared.bot.parts import Labels, Part, Texts


class Review(Part):
    """Which intents need four eyes, and what a customer hears until then.

    Attributes:
        four_eyes: What a flow of theirs has collected waits for two people, and so do corrections that name one of them.
        waiting: Said in the place of the flow's answer; without it a sentence of ours in the language of the message.
    """

    four_eyes: Labels = ()
    waiting: Texts = ()
