"""The messages: frozen, versioned, JSON. This list is the whole vocabulary of the bus."""

from __future__ import annotations

from shared.contracts.channels import (
    ChannelEventAnswered,
    ChannelEventReceived,
    ConversationAnswered,
    SayInConversation,
)
from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat.conversations import ConversationsChanged
from shared.contracts.chat.decisions import DecideText, TextDecided
from shared.contracts.chat.explanations import ExplainDecision, ExplainTurn, TurnExplained
from shared.contracts.chat.generation import GenerateText, GenerationCancelled, TextGenerated, TokensProduced
from shared.contracts.chat.responses import ResponseQueued
from shared.contracts.chat.turns import TurnAnswered, TurnReceived, TurnUnanswered, TurnUnderstood
from shared.contracts.failure import MessageFailed
from shared.contracts.knowledge.passages import DocumentsQueued, PassagesFound, SearchPassages
from shared.contracts.knowledge.recommendation import CatalogChanged, ItemsRecommended, RecommendItems
from shared.contracts.media import (
    PictureRead,
    ReadPicture,
    SegmentTranscribed,
    SoundTranscribed,
    SpeakText,
    TextSpoken,
    TranscribeSound,
)
from shared.contracts.message import Message
from shared.contracts.monitoring.backtests import BacktestStream, StreamBacktested
from shared.contracts.monitoring.inputs import InputsObserved
from shared.contracts.monitoring.sentiment import AlertRaised, SentimentObserved
from shared.contracts.monitoring.streams import DocumentsReceived
from shared.contracts.releases import BotPublished, ModelPublished
from shared.contracts.streaming import StillWorking
from shared.contracts.training.jobs import JobQueued, TrainingProgressed
from shared.contracts.training.prediction import PredictRows, RowsPredicted

MESSAGES: tuple[type[Message], ...] = (
    TurnReceived,
    TurnUnderstood,
    TurnAnswered,
    AnalyzeText,
    TextAnalyzed,
    PredictRows,
    RowsPredicted,
    MessageFailed,
    JobQueued,
    TrainingProgressed,
    ModelPublished,
    BotPublished,
    SentimentObserved,
    AlertRaised,
    GenerateText,
    TokensProduced,
    TextGenerated,
    GenerationCancelled,
    StillWorking,
    DocumentsQueued,
    SearchPassages,
    PassagesFound,
    TurnUnanswered,
    RecommendItems,
    ItemsRecommended,
    CatalogChanged,
    ConversationsChanged,
    ResponseQueued,
    DecideText,
    TextDecided,
    DocumentsReceived,
    BacktestStream,
    StreamBacktested,
    ExplainTurn,
    ExplainDecision,
    TurnExplained,
    InputsObserved,
    ReadPicture,
    PictureRead,
    TranscribeSound,
    SegmentTranscribed,
    SoundTranscribed,
    SpeakText,
    TextSpoken,
    ChannelEventReceived,
    ChannelEventAnswered,
    SayInConversation,
    ConversationAnswered,
)
