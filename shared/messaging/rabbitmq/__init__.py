"""RabbitMQ through kombu and py-amqp, with batched input and output.

What a broker costs is mostly system calls and frames for single messages, so everything here works on what is at hand:
one read for many frames, one write for many messages, one acknowledgement for a batch. A connection belongs to exactly
one thread, and publishing never shares one with consuming.
"""
