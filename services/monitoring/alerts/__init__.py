"""Alerts, whatever raised them: told until the broker has confirmed it."""
