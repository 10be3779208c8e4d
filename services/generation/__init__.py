"""Answers what customers say: dialogue policy with flows, answers, knowledge and hand-over, as the bot file declares it.

Consumes ``TurnUnderstood`` (queue ``generation``, shared by all processes), ``BotPublished``, ``ModelPublished``.
Publishes ``TurnAnswered`` for the gateway that asked.
"""
