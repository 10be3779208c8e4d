"""Columns that hold a pydantic value as JSON."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import JSON
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

ValueT = TypeVar("ValueT", bound=BaseModel)


class JsonValue(TypeDecorator[ValueT], Generic[ValueT]):
    """A column whose Python side is an instance of ``kind``; it is validated when it is read."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, kind: type[ValueT]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: ValueT | None, dialect: Dialect) -> Any:  # noqa: ARG002  # SQLAlchemy's signature
        """To what SQLAlchemy's JSON type takes."""
        return None if value is None else value.model_dump(mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> ValueT | None:  # noqa: ARG002  # the same
        """Back to an instance of ``kind``.

        Raises:
            pydantic.ValidationError: The row was written by a version that no contract of today matches.
        """
        return None if value is None else self.kind.model_validate(value)
