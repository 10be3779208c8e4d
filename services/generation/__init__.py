"""Answers what customers say, and goes on with texts: dialogue policy with flows, answers, knowledge and hand-over, as the bot file declares it.

Consumes ``TurnUnderstood`` (queue ``generation``, shared by all processes), ``GenerateText`` (queue ``gen.lm``, the same), ``GenerationCancelled``,
``BotPublished``, ``ModelPublished``. Publishes ``TurnAnswered``, ``TokensProduced`` and ``TextGenerated`` for the gateway that asked.
"""
