"""The gateway: the only public HTTP, OpenAI-compatible, with authentication and limits; it stores the turns.

Consumes: replies to its requests, ``AlertRaised`` and ``TrainingProgressed`` for its event streams.
Publishes: ``TurnReceived``, ``AnalyzeText``, ``SentimentObserved``, ``ModelPublished``, ``BotPublished`` and the
wake-ups of training jobs.
"""
