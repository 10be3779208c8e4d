"""Reads what customers say: intent, entities, sentiment and embedding in one pass of the model in production.

Consumes ``TurnReceived`` and ``AnalyzeText`` (queue ``nlu``, shared by all processes), ``ModelPublished``.
Publishes ``TurnUnderstood`` for generation and ``TextAnalyzed`` for the gateway that asked.
"""
