"""Training jobs: submitted, listed, followed, cancelled."""
