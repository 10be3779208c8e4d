"""When a stream calls for somebody: the rules that a stream may declare. How each decides stands in ``services.monitoring.detection``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer

from shared.contracts.message import Value

ScopeKind = Literal["stream", "entity", "topic"]

Severity = Literal["warning", "critical"]

_Minutes = Annotated[int, Field(ge=1, le=10_080)]


class _Rule(Value):
    """What every rule can be told.

    Attributes:
        scopes: What is watched one by one: the stream as a whole, each entity, each topic.
        min_volume: Texts in the window without which nothing is said; of near-duplicates the first alone counts.
        severity: How loud the alert is.
    """

    scopes: Annotated[tuple[ScopeKind, ...], Field(min_length=1, max_length=3)] = ("stream", "entity", "topic")
    min_volume: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    severity: Severity = "warning"
    type: str

    @model_serializer(mode="wrap")
    def _with_type(self, rest: SerializerFunctionWrapHandler) -> dict[str, object]:
        """What holds its default does not travel, but nobody could tell rules apart without their type."""
        return {**rest(self), "type": self.type}


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

FALSE_ALARMS_PER_DAY = 1 / 7
"""What a stream's rules may cost in false alarms altogether: one a week."""


def rule_name(rule: AlertRule) -> str:
    """What the alerts of a rule are filed under. A stream may have several rules of a type, one of each name."""
    if isinstance(rule, Volume) and rule.sentiment:
        return f"volume_{rule.sentiment}"
    return "fixed_share" if isinstance(rule, NegativeShare) else rule.type


def _each_once(rules: tuple[AlertRule, ...]) -> tuple[AlertRule, ...]:
    names = [rule_name(rule) for rule in rules]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{twice!r} is there twice; keep one")
    return rules


AlertRules = Annotated[tuple[AlertRule, ...], Field(max_length=16), AfterValidator(_each_once)]


def default_rules() -> tuple[AlertRule, ...]:
    """What watches a stream that declares no rules."""
    return (ShareOfNegatives(), Volume(), Volume(sentiment="negative"), MeanShift(), Drift())
