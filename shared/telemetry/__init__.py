"""What operators see: structured logs with the correlation id, metrics, health."""
