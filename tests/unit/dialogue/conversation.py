"""A conversation with a bot, one hand-made understanding at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.contracts.chat.turns import Answer, DialogueState, FlowState, PastTurn, TurnReceived
from shared.contracts.chat.understanding import (
    OUT_OF_SCOPE,
    EntitySpan,
    IntentScore,
    Part,
    Sentiment,
    SentimentLabel,
    Understanding,
)
from shared.contracts.media import Attachment
from shared.dialogue.policy import Decision, consider
from shared.dialogue.turn import Match, Searches

TODAY = date(2026, 3, 10)
"""A Tuesday."""

DESK = """\
version: 1
name: Test desk
intents:
  greet: {title: Say hello}
  hours: {title: Opening hours}
  whine: {title: Complain}
  flights: {title: Find a flight}
  move: {title: Move a booking}
  parcel: {title: Find a parcel}
  person: {title: Talk to a person}
  affirm: {title: "Yes"}
  deny: {title: "No"}
  inform: {title: Details}
slots:
  airline:
    {title: airline, entities: airline, prompt: "Which airline?", whole_answer: true, no_preference: any airline}
  origin: {title: origin, type: city, entities: origin, when_asked: [city, destination], prompt: "From where?"}
  destination: {title: destination, type: city, entities: destination, when_asked: [city, origin], prompt: "Where to?"}
  day: {title: date, type: date, entities: date, prompt: "When?"}
  seats: {title: seats, entities: travellers, default: one seat}
  number: {title: order number, type: order_number, entities: order_number, prompt: "Which order?", remember: true}
  cabin: {title: cabin, type: choice, choices: {economy: [coach, cheap], business: []}, prompt: "Which cabin?"}
flows:
  flight:
    title: your flight
    intents: flights
    required: [airline, origin, destination, day]
    optional: [seats]
    opening: {templates: Let us see., negative: Do not worry.}
    confirm: "{airline}, {origin}-{destination}, {day}, {seats}?"
    answer: "Booked {origin}-{destination}."
  move:
    title: your move
    intents: move
    required: [cabin]
    answer: "Moved to {cabin}."
    interrupted_by: [hours]
  parcel:
    title: your parcel
    intents: parcel
    required: [number]
    answer: "Looking for {number}."
answers:
  greet: [Hello., Hi., Good day.]
  hours: {templates: We open at 9., negative: "Sorry: we open at 9.", positive: "Glad to: we open at 9."}
  whine: So sorry.
  affirm: Fine.
  deny: As you like.
knowledge:
  - {id: dogs, question: May I bring my dog?, answer: Only small ones., source: "Rules, page 2"}
handover:
  intents: person
  requested: A colleague comes.
  anger: I am sorry, a colleague comes.
  failures: I cannot help, a colleague comes.
"""

DOGS = 0.7


class Conversation:
    """Keeps state and history between turns, as the gateway does."""

    def __init__(self, bot: Bot | None = None, state: DialogueState | None = None) -> None:
        self.bot = bot or read_bot(DESK)
        self.state = state or DialogueState()
        self.history: list[PastTurn] = []
        self.searches = 0
        self.decision: Decision

    @property
    def flow(self) -> FlowState:
        return self.state.flows[-1]

    def say(
        self,
        text: str,
        intent: str = OUT_OF_SCOPE,
        *entities: str,
        confidence: float = 0.9,
        tone: SentimentLabel | float = "neutral",
        ranking: Sequence[str] = (),
        dogs: float = 0.0,
        at: float = 0.0,
        language: str = "en",
        parts: Sequence[tuple[str, str]] = (),
        dogs_in_context: float | None = None,
        guesses: Sequence[EntitySpan] = (),
        attachments: Sequence[Attachment] = (),
        surging: Sequence[str] = (),
    ) -> Answer:
        """One turn.

        Args:
            entities: ``label=text`` each.
            tone: The sentiment, or its score where that matters.
            ranking: Likeliest intents for a fallback.
            dogs: Cosine of the text with the only knowledge pair.
            at: Unix seconds.
            parts: Clauses with the intent of each; their entities are those of the text that stand in them.
            dogs_in_context: Cosine of the knowledge pair with the text behind the one before it.
            guesses: More entities, with confidences of their own.
            attachments: Pictures that come along.
            surging: Intents with which customers are angry just now.
        """

        def search() -> Match | None:
            self.searches += 1
            return Match(self.bot.knowledge[0], dogs)

        def search_in_context(beside: str | None) -> Match | None:
            pair = self.bot.knowledge[0]
            return None if dogs_in_context is None or pair.id == beside else Match(pair, dogs_in_context)

        turn = TurnReceived(
            turn_id="turn_1",
            conversation_id="conv_1",
            text=text,
            history=tuple(self.history[-10:]),
            state=self.state,
            received_at=at,
            attachments=tuple(attachments),
            surging=tuple(surging),
        )
        understanding = Understanding(
            model="ft:test",
            intent=IntentScore(name=intent, confidence=confidence),
            ranking=tuple(IntentScore(name=name, confidence=0.2) for name in ranking),
            entities=(*(span(text, entity) for entity in entities), *guesses),
            sentiment=sentiment(tone),
            language=language,
            parts=tuple(part(text, clause, name, entities) for clause, name in parts),
        )
        searches = Searches(search, in_context=None if dogs_in_context is None else search_in_context)
        self.decision = consider(self.bot, turn, understanding, search=searches, today=TODAY)
        answer, self.state = self.decision.answer, self.decision.state
        self.history.append(PastTurn(user=text, answer=answer.text))
        return answer

    def inform(self, text: str, *entities: str) -> str:
        """A bare answer."""
        return self.say(text, "inform", *entities).text


def span(text: str, entity: str) -> EntitySpan:
    label, _, value = entity.partition("=")
    start = text.index(value)
    return EntitySpan(start=start, end=start + len(value), label=label, text=value, confidence=0.9)


def part(text: str, clause: str, intent: str, entities: Sequence[str]) -> Part:
    start = text.index(clause)
    spans = (span(text, entity) for entity in entities)
    inside = tuple(found for found in spans if start <= found.start and found.end <= start + len(clause))
    return Part(start=start, end=start + len(clause), intent=IntentScore(name=intent, confidence=0.9), entities=inside)


def sentiment(tone: SentimentLabel | float) -> Sentiment:
    if isinstance(tone, str):
        return Sentiment(label=tone, score={"negative": -0.6, "neutral": 0.0, "positive": 0.6}[tone], confidence=0.8)
    return Sentiment(label="negative" if tone < 0 else "positive", score=tone, confidence=0.8)
