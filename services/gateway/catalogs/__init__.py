"""``/v1/catalogs``: what may be offered, and what people did with it."""
