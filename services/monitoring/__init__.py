"""Watches what customers feel: counts every stored text once, and raises an alert when a stream turns sour.

Consumes ``SentimentObserved`` (queue ``monitoring``, shared by all processes).
Publishes ``AlertRaised`` when an alert begins to fire and when it is resolved.
"""
