"""What takes one answer: that of an intent, or a pair of the knowledge."""

from __future__ import annotations

from shared.contracts.chat.turns import KNOWLEDGE, Answer, Citation, DialogueState
from shared.dialogue import acts, flows
from shared.dialogue.turn import Match, Outcome, Turn
from shared.text.clauses import word_count
from shared.text.follow_ups import names_nothing

#: A message of so few words fits many a paragraph somehow: it has to share a word with the one that it is to find. One that names
#: nothing ("how long does it take?") has none to share.
_FEW_WORDS = 2
#: Letters by which two words are taken for one: customs and custom, returns and returning.
_STEM = 5


def serve(turn: Turn, state: DialogueState) -> Outcome | None:
    """Do what the intent asks for: start its flow or give its answer."""
    intent = turn.intent
    if intent is None or (state.flows and turn.steers()) or not flows.admits(turn, state, intent):
        return None
    state = _about(turn, state, intent)
    name = turn.bot.flow_started_by(intent)
    doubtful = turn.confidence < turn.bot.settings.act_confidence or acts.asks(turn.text)
    if name is not None and not (doubtful and knowledge_says_more(turn)):
        return flows.start(turn, state, name)
    reply = turn.bot.answers.get(intent)
    if reply is None or knowledge_says_more(turn):
        return None
    text = flows.back(turn, state, turn.reply(reply, state.slots))
    return Answer(text=text, kind="template"), state


def look_up(turn: Turn, state: DialogueState) -> Outcome | None:
    """Answer from the knowledge, and cite it."""
    match = turn.match
    if match is None or match.score < needed_score(turn, match) or not flows.admits(turn, state, None):
        return None
    pair = match.pair
    text = turn.say(turn.bot.wording.source, answer=pair.answer, source=pair.source)
    citation = Citation(id=pair.id, question=pair.question, source=pair.source, score=match.score)
    answer = Answer(text=flows.back(turn, state, text), kind="knowledge", citations=(citation,))
    return answer, state.model_copy(update={"topic": KNOWLEDGE + pair.id})


def _about(turn: Turn, state: DialogueState, intent: str) -> DialogueState:
    """The state with its topic; what nobody is offered, such as thanks, is none."""
    return state.model_copy(update={"topic": intent}) if turn.can_offer(intent) else state


def knowledge_says_more(turn: Turn) -> bool:
    """Whether a knowledge pair fits so well that it goes before the general answer of an intent."""
    bar = turn.bot.settings.knowledge_over_answer
    if turn.picked is not None or bar is None or turn.match is None:
        return False
    return turn.match.score >= max(bar, needed_score(turn, turn.match))


def needed_score(turn: Turn, match: Match) -> float:
    """The cosine that a pair needs to answer this message."""
    settings = turn.bot.settings
    in_context = turn.follows_up and turn.search_in_context is not None
    says_what = not turn.follows_up and not names_nothing(turn.text)
    if in_context or (says_what and (word_count(turn.text) > _FEW_WORDS or _shares_a_word(turn, match))):
        return settings.knowledge_score
    return max(settings.knowledge_score, settings.knowledge_without_words)


def _shares_a_word(turn: Turn, match: Match) -> bool:
    wordings = " ".join((match.pair.question, *match.pair.also)).casefold()
    return any(len(word) > 1 and word[:_STEM] in wordings for word in turn.words.split())
