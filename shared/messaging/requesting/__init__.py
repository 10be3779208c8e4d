"""Requests whose caller waits for the reply."""
