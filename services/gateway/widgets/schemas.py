"""``/v1/widgets``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from services.gateway.http.bodies.schemas import Body, Reply, Resource
from services.gateway.widgets.origins import canonical_origin
from shared.storage.tables.widgets import WidgetLanguage

Origin = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(canonical_origin)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class PutWidget(Body):
    """A widget, whole: what is left out has its default.

    Attributes:
        origins: Pages that may have it: scheme and host, as in `https://shop.example`.
        title: Above the conversation.
        greeting: What the bot says first; empty: nothing.
        suggestions: Ready-made first messages.
        colour: Of what one presses.
        language: Of labels and buttons; `auto`: the page's, else the browser's.
        requests_per_minute: Of one visitor.
        sessions_per_minute: Of all visitors, for each gateway process.
        resume_hours: For so long a visitor who comes back goes on where they were.
        pictures: Whether visitors may send some; it needs the extra `vision`.
        voice: Whether visitors may speak; it needs the extra `voice`.
    """

    origins: Annotated[list[Origin], Field(min_length=1, max_length=100)]
    title: Line = "Chat"
    greeting: Annotated[str, StringConstraints(max_length=1_000)] = ""
    suggestions: Annotated[list[Line], Field(max_length=6)] = Field(default_factory=list)
    colour: Colour = "#1f5fbf"
    language: WidgetLanguage = "auto"
    requests_per_minute: Annotated[int, Field(ge=1, le=600)] = 30
    sessions_per_minute: Annotated[int, Field(ge=1, le=60_000)] = 600
    resume_hours: Annotated[int, Field(ge=1, le=720)] = 24
    pictures: bool = False
    voice: bool = False


class WidgetObject(Resource):
    """A widget. The secret that signs its tokens is shown to nobody."""

    object: Literal["widget"] = "widget"
    created_at: int
    updated_at: int
    origins: list[str]
    title: str
    greeting: str
    suggestions: list[str]
    colour: str
    language: WidgetLanguage
    requests_per_minute: int
    sessions_per_minute: int
    resume_hours: int
    pictures: bool
    voice: bool


class OpenSession(Body):
    """A visitor comes, or comes back.

    Attributes:
        resume: What an earlier session was given, to go on with its conversation.
    """

    resume: Annotated[str, StringConstraints(max_length=2_048)] | None = None


class Appearance(Reply):
    """How the widget looks, and what it says first."""

    title: str
    greeting: str
    suggestions: list[str]
    colour: str
    language: WidgetLanguage
    pictures: bool
    voice: bool


class SessionObject(Reply):
    """A way into one conversation.

    Attributes:
        token: In place of an API key, on pages of this origin and for this conversation alone.
        expires_at: Of the token, Unix seconds.
        resume: Brings another session of the same conversation.
    """

    object: Literal["widget.session"] = "widget.session"
    token: str
    expires_at: int
    resume: str
    conversation_id: str
    widget: Appearance
