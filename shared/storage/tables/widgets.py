"""Web widgets; see ``tables``."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import JSON, Column, String
from sqlmodel import Field

from shared.storage.tables.core import Row

WidgetLanguage = Literal["auto", "en", "zh"]


class Widget(Row, table=True):
    """A door for customers on pages of declared origins. Writer: gateway."""

    __tablename__ = "widgets"

    id: str = Field(primary_key=True)
    """As the operator called it; it stands in the page."""
    created_at: float
    updated_at: float
    key_id: str
    """Who declared it; what is said through it belongs to this key."""
    secret: str
    """What visitors' tokens are signed with."""
    origins: list[str] = Field(sa_column=Column(JSON, nullable=False))
    title: str
    greeting: str
    suggestions: list[str] = Field(sa_column=Column(JSON, nullable=False))
    colour: str
    language: WidgetLanguage = Field(sa_column=Column(String, nullable=False))
    requests_per_minute: int
    """Of one visitor."""
    sessions_per_minute: int
    """Of all visitors."""
    resume_hours: int
    """For so long a visitor who comes back goes on where they were."""
    pictures: bool = False
    """Whether visitors may send some."""
    voice: bool = False
    """Whether visitors may speak."""
