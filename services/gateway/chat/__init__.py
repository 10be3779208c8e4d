"""Chat completions: a turn sent round the services, stored, and answered."""
