"""The messages: frozen, versioned, JSON. This list is the whole vocabulary of the bus."""

from __future__ import annotations

from shared.contracts.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.backtests import BacktestStream, StreamBacktested
from shared.contracts.channels import (
    ChannelEventAnswered,
    ChannelEventReceived,
    ConversationAnswered,
    SayInConversation,
)
from shared.contracts.chat import TurnAnswered, TurnReceived, TurnUnanswered, TurnUnderstood
from shared.contracts.conversations import ConversationsChanged
from shared.contracts.decisions import DecideText, TextDecided
from shared.contracts.explanations import ExplainDecision, ExplainTurn, TurnExplained
from shared.contracts.failure import MessageFailed
from shared.contracts.generation import GenerateText, GenerationCancelled, TextGenerated, TokensProduced
from shared.contracts.inputs import InputsObserved
from shared.contracts.jobs import JobQueued, TrainingProgressed
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
from shared.contracts.passages import DocumentsQueued, PassagesFound, SearchPassages
from shared.contracts.prediction import PredictRows, RowsPredicted
from shared.contracts.recommendation import CatalogChanged, ItemsRecommended, RecommendItems
from shared.contracts.releases import BotPublished, ModelPublished
from shared.contracts.responses import ResponseQueued
from shared.contracts.sentiment import AlertRaised, SentimentObserved
from shared.contracts.streaming import StillWorking
from shared.contracts.streams import DocumentsReceived

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
