"""Training: prepares data, fine-tunes, evaluates, gates, exports and publishes models.

Consumes: job wake-ups (``JobQueued``, as a Celery task where there is a broker). Publishes: ``TrainingProgressed``,
``ModelPublished``.
"""
