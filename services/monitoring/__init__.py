"""Watches what customers and the public feel: counts every text once, by event time, and raises an alert when a stream turns sour.

Consumes ``SentimentObserved`` (queue ``monitoring``) and ``DocumentsReceived`` (queue ``documents``), each shared by all processes; asks nlu.
Publishes ``AlertRaised`` when an alert begins to fire and when it is resolved.
"""
