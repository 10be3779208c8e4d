"""The tables of catalogs: what may be offered, what people did with it, and who wants nothing of it kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field

from shared.storage.tables.core import Row


class Catalog(Row, table=True):
    """Items that may be offered, and what people did with them; no two catalogs ever mix. Writer: gateway."""

    __tablename__ = "catalogs"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: str = Field(primary_key=True)
    name: str
    created_at: float
    key_id: str
    version: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Grows with every change of an item or event; the row's lock puts changes in order, so that whoever reads on misses none."""
    epoch: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Grows when something was taken away for good: what was counted before is counted anew."""
    retrain_seconds: float | None = None
    """After which a model in production is trained again; ``None``: by hand."""
    trained_version: int = Field(default=-1, sa_column=Column(BigInteger, nullable=False))
    """The version of which a model was last ordered: what has not changed since needs no training."""
    retrain_events: int | None = None
    """New events after which a model is trained again."""
    retrain_drift: float | None = None
    """Share of new events about items that nobody had chosen when the model was ordered, from which on it is trained again."""


class CatalogItem(Row, table=True):
    """Something that may be offered. Writer: gateway."""

    __tablename__ = "catalog_items"
    __table_args__ = (Index(None, "catalog_id", "version"),)

    catalog_id: str = Field(primary_key=True, foreign_key="catalogs.id")
    item_id: str = Field(primary_key=True)
    text: str
    title: str | None = None
    categories: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    price: float | None = None
    available: bool = True
    meta: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: float
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Of the catalog when it was written."""
    deleted: bool = False
    """Whether it is gone; nothing but its id is left then."""


class CatalogEvent(Row, table=True):
    """Something that somebody did with an item; its key makes a repeated one harmless. Writer: gateway."""

    __tablename__ = "catalog_events"
    __table_args__ = (Index(None, "catalog_id", "who", "at"), Index(None, "catalog_id", "version"))

    catalog_id: str = Field(primary_key=True, foreign_key="catalogs.id")
    event_id: str = Field(primary_key=True)
    who: str
    """``u:`` and a user, or ``s:`` and a session."""
    item_id: str
    type: str
    value: float | None = None
    at: float
    """When it happened."""
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Of the catalog when it was written."""


class CatalogOptOut(Row, table=True):
    """Somebody of whom nothing is to be kept. Writer: gateway."""

    __tablename__ = "catalog_opt_outs"

    catalog_id: str = Field(primary_key=True, foreign_key="catalogs.id")
    who: str = Field(primary_key=True)
    created_at: float
