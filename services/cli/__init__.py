"""The ``parley`` command: a client of the public API, and ``up``, which starts the platform in this process."""
