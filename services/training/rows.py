"""Passing re-export."""

from shared.rows.row import Entity as Entity
from shared.rows.row import Row as Row
