"""Answers what customers say, goes on with texts, and keeps the knowledge base.

The dialogue policy does what the bot file declares; language models write; documents are read, and searched.

Consumes ``TurnUnderstood`` (queue ``generation``, shared by all processes), ``GenerateText`` (queue ``gen.lm``, the same), ``GenerationCancelled``,
``BotPublished``, ``ModelPublished``, ``DocumentsQueued`` (queue ``knowledge``), ``SearchPassages`` (queue ``knowledge.search``). Publishes ``TurnAnswered``,
``TokensProduced``, ``TextGenerated`` and ``PassagesFound`` for the gateway that asked, ``AnalyzeText`` and ``PredictRows`` for vectors.
"""
