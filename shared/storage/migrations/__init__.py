"""The history of the tables, as alembic runs it. A new revision stands in ``versions`` and is written by hand."""
