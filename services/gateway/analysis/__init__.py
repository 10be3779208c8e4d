"""Texts read by nlu: ``POST /v1/analyze``, and the client that every other resource reads texts with."""
