"""Questions, and where in a context their answers stand."""
