"""Repositories of streams, their documents, trends and alerts."""
