"""A job's life outside the model: wake-ups, the lease, the child process, events. torch only in ``attempt``."""
