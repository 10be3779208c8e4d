"""When a stream calls for somebody: the rules that a stream may declare. How each decides stands in ``services.monitoring.detection``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer

from shared.contracts.message import Value

ScopeKind = Literal["stream", "entity", "topic"]

Severity = Literal["warning", "critical"]

_Minutes = Annotated[int, Field(ge=1, le=10_080)]


class _Typed(Value):
    """A rule of some type; ``severity`` is how loud its alerts are."""

    severity: Severity = "warning"
    type: str

    @model_serializer(mode="wrap")
    def _with_type(self, rest: SerializerFunctionWrapHandler) -> dict[str, object]:
        """What holds its default does not travel, but nobody could tell rules apart without their type."""
        return {**rest(self), "type": self.type}


class _Rule(_Typed):
    """What every rule about texts can be told.

    Attributes:
        scopes: What is watched one by one: the stream as a whole, each entity, each topic.
        min_volume: Texts in the window without which nothing is said; of near-duplicates the first alone counts.
    """

    scopes: Annotated[tuple[ScopeKind, ...], Field(min_length=1, max_length=3)] = ("stream", "entity", "topic")
    min_volume: Annotated[int, Field(ge=1, le=1_000_000)] = 5


class ShareOfNegatives(_Rule):
    """More of the texts are negative than the hour of the week lets expect (beta-binomial tail).

    Attributes:
        rise: How many points (0..1) the share must lie above the expected one, however sure the difference is.
    """

    type: Literal["share_of_negatives"] = "share_of_negatives"
    rise: Annotated[float, Field(ge=0, lt=1)] = 0.1
    min_volume: Annotated[int, Field(ge=1, le=1_000_000)] = 10


class Volume(_Rule):
    """More texts come than the hour of the week lets expect (negative binomial tail).

    Attributes:
        sentiment: Only texts that feel so are counted; ``None`` counts all.
        factor: How many times the expected number must come, however sure the difference is.
    """

    type: Literal["volume"] = "volume"
    sentiment: Literal["negative", "positive"] | None = None
    factor: Annotated[float, Field(ge=1, le=1000)] = 1.3


class MeanShift(_Rule):
    """The mean sentiment of a window lies off the expected one (Student tail).

    Attributes:
        direction: Which way.
        shift: By how much at least, on the scale from -1 to 1.
    """

    type: Literal["mean_shift"] = "mean_shift"
    direction: Literal["down", "up", "both"] = "down"
    shift: Annotated[float, Field(ge=0, le=2)] = 0.2
    min_volume: Annotated[int, Field(ge=1, le=1_000_000)] = 15


class Drift(_Rule):
    """The mean sentiment creeps away over days, too slowly for a window to see (CUSUM).

    Attributes:
        direction: Which way.
    """

    type: Literal["drift"] = "drift"
    direction: Literal["down", "up", "both"] = "down"
    min_volume: Annotated[int, Field(ge=1, le=1_000_000)] = 50


class Silence(_Rule):
    """Nothing comes where something was to be expected.

    Attributes:
        scopes: By default the stream as a whole: an entity that nobody mentions is no fault.
    """

    type: Literal["silence"] = "silence"
    scopes: Annotated[tuple[ScopeKind, ...], Field(min_length=1, max_length=3)] = ("stream",)


class NegativeShare(_Rule):
    """The share of negative texts passes a fixed threshold; needs no history.

    Attributes:
        share: The threshold, 0..1.
        window_minutes: How far back it looks.
    """

    type: Literal["negative_share"] = "negative_share"
    scopes: Annotated[tuple[ScopeKind, ...], Field(min_length=1, max_length=3)] = ("stream",)
    min_volume: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    window_minutes: _Minutes = 5


AlertRule = Annotated[
    ShareOfNegatives | Volume | MeanShift | Drift | Silence | NegativeShare, Field(discriminator="type")
]


class _ModelRule(_Typed):
    """What every rule about the inputs of models in production can be told; each deployment is watched for itself.

    Attributes:
        window_minutes: How far back it looks.
        min_volume: Texts in the window without which nothing is said.
    """

    window_minutes: _Minutes = 60
    min_volume: Annotated[int, Field(ge=50, le=1_000_000)] = 200


class InputDrift(_ModelRule):
    """Texts lie elsewhere than those that the model was judged by: the centroids of their embeddings part.

    Attributes:
        distance: From which cosine distance (0..2), beyond what chance makes of so few texts.
    """

    type: Literal["input_drift"] = "input_drift"
    distance: Annotated[float, Field(gt=0, le=2)] = 0.1


class OutOfScope(_ModelRule):
    """More texts belong to no intent than at the training.

    Attributes:
        rise: From how many points (0..1) above its rate there.
    """

    type: Literal["out_of_scope"] = "out_of_scope"
    rise: Annotated[float, Field(gt=0, le=1)] = 0.15


class ConfidenceDrift(_ModelRule):
    """The model is as sure of its answers as it was at the training no more (population stability index).

    Attributes:
        shift: From which index, beyond what chance makes of so few texts; 0.25 is commonly called a major shift.
    """

    type: Literal["confidence_drift"] = "confidence_drift"
    shift: Annotated[float, Field(gt=0, le=10)] = 0.25


class ServiceDown(_Typed):
    """No process of a service says that it is there.

    Attributes:
        minutes: For how long.
    """

    type: Literal["service_down"] = "service_down"
    severity: Severity = "critical"
    minutes: Annotated[int, Field(ge=1, le=1440)] = 3


PlatformRule = InputDrift | OutOfScope | ConfidenceDrift | ServiceDown
"""What the stream ``parley`` may declare, and no other."""

FALSE_ALARMS_PER_DAY = 1 / 7
"""What a stream's rules may cost in false alarms altogether: one a week."""


def rule_name(rule: AlertRule | PlatformRule) -> str:
    """What the alerts of a rule are filed under. A stream may have several rules of a type, one of each name."""
    if isinstance(rule, Volume) and rule.sentiment:
        return f"volume_{rule.sentiment}"
    return "fixed_share" if isinstance(rule, NegativeShare) else rule.type


_Rules = TypeVar("_Rules", bound=tuple[AlertRule | PlatformRule, ...])


def _each_once(rules: _Rules) -> _Rules:
    names = [rule_name(rule) for rule in rules]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{twice!r} is there twice; keep one")
    return rules


AlertRules = Annotated[tuple[AlertRule, ...], Field(max_length=16), AfterValidator(_each_once)]


AnyRule = Annotated[
    ShareOfNegatives
    | Volume
    | MeanShift
    | Drift
    | Silence
    | NegativeShare
    | InputDrift
    | OutOfScope
    | ConfidenceDrift
    | ServiceDown,
    Field(discriminator="type"),
]
DeclaredRules = Annotated[tuple[AnyRule, ...], Field(max_length=16), AfterValidator(_each_once)]
"""What a stream declares; which of them it may stands in ``PlatformRule``."""


def of_texts(rules: Iterable[AlertRule | PlatformRule]) -> tuple[AlertRule, ...]:
    """The rules about texts among them."""
    return tuple(rule for rule in rules if isinstance(rule, _Rule))


def of_platform(rules: Iterable[AlertRule | PlatformRule]) -> tuple[PlatformRule, ...]:
    """The rules about the platform among them."""
    return tuple(rule for rule in rules if isinstance(rule, PlatformRule))


def default_platform_rules() -> tuple[PlatformRule, ...]:
    """What watches the platform where nothing is declared."""
    return (InputDrift(), OutOfScope(), ConfidenceDrift(), ServiceDown())


def default_rules() -> tuple[AlertRule, ...]:
    """What watches a stream that declares no rules."""
    return (ShareOfNegatives(), Volume(), Volume(sentiment="negative"), MeanShift(), Drift())
