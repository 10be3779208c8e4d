"""Celery, where there is a broker: wake-ups of training workers."""
