"""How messages travel: one vocabulary, two buses (in process and RabbitMQ), one consumer loop, request and reply.

Everything here moves bytes; what they mean stands in ``shared.contracts``. kombu and celery are imported nowhere else
(celery also by the training worker).
"""
