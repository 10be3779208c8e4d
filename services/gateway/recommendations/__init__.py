"""``/v1/recommendations``: what to offer next."""
